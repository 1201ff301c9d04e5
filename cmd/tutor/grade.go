//go:build linux

package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tutor/labs/grader"
	"tutor/labs/toolbox"
	"tutor/runtime/container"
)

// Exit codes of tutor grade; 0 is all passed, 1 that something failed.
const (
	gradeUsage       = 2
	gradeEnvironment = 3
)

// A gradeOptions is what the flags say.
type gradeOptions struct {
	words, output, details, only, student string
	seed                                  uint64
	hint, jobs                            int
	hide                                  []string
	all, seeded, alone, asText            bool
	watch, explain, solution, giveUp      bool
}

// A grading is what they mean.
type grading struct {
	gradeOptions
	lab    *grader.Lab
	format *grader.Format
}

func newGrade(c *cli) *cobra.Command {
	var o gradeOptions
	command := &cobra.Command{
		Use:   "grade [OPTIONS] LAB [PATH]",
		Short: "Grade your own box: every check of a lab, seen from outside",
		Long: "grade runs every check of a lab on PATH (default: this folder): an executable, or a folder with go.mod, Makefile or\n" +
			"an executable box. Each check runs in a sandbox of its own. It exits 0 if all passed, 1 if one failed, 2 if the\n" +
			"command line is wrong, and 3 if this machine could not tell.",
		ValidArgsFunction: completeGrade,
		Example:           "  sudo tutor grade 2-namespaces ./box\n  sudo tutor grade 3 . --hint 2\n  sudo tutor grade 1 --format junit --output results.xml",
		Args: func(command *cobra.Command, args []string) error {
			if len(args) < 1 || len(args) > 2 {
				return failure{container.Hint(fmt.Errorf("grade takes a lab and a path"), command.CommandPath()+" --help"), gradeUsage}
			}
			return nil
		},
		RunE: func(command *cobra.Command, args []string) error {
			if o.seeded = command.Flags().Changed("seed"); !o.seeded {
				o.seed = freshSeed()
			}
			o.asText = o.words == "text" && command.Flags().Changed("format")
			return c.gradeAny(command.Context(), o, args[0], slices.Concat(args[1:], []string{"."})[0])
		},
	}
	command.SetFlagErrorFunc(func(command *cobra.Command, err error) error {
		return failure{container.Hint(err, command.CommandPath()+" --help"), gradeUsage}
	})
	flags := command.Flags()
	flags.StringVar(&o.words, "format", "text", "text, "+strings.Join(formatNames(), ", "))
	flags.StringVarP(&o.output, "output", "o", "", "write the result to this file, anew after every check; without --format: as json")
	flags.StringVar(&o.details, "failure-details", "full", "what a failure tells: full, actual-only, none")
	flags.StringSliceVar(&o.hide, "hide", nil, "checks of which is told only whether they passed, not why")
	flags.StringVar(&o.only, "only", "", "one check, and those that it needs")
	flags.BoolVar(&o.alone, "this-lab-only", false, "not the checks of the earlier labs")
	flags.StringVar(&o.student, "student", "", "a name for the report")
	flags.Uint64Var(&o.seed, "seed", 0, "the same random values as that run")
	flags.BoolVarP(&o.watch, "watch", "w", false, "grade again whenever something is saved")
	flags.BoolVar(&o.explain, "explain", false, "of each check that failed: the system calls of box beside those of the solution")
	flags.BoolVar(&o.all, "all", false, "PATH is a folder of submissions; --output a folder (default: grades-LAB)")
	flags.IntVarP(&o.jobs, "jobs", "j", runtime.NumCPU(), "with --all: how many are graded at once")
	flags.BoolVar(&o.solution, "solution", false, "show the solution of the exercise, to who has passed it")
	flags.BoolVar(&o.giveUp, "give-up", false, "with --solution: also to who has not; that is written down")
	flags.IntVar(&o.hint, "hint", 1, "how much help: 0 to 3")
	return command
}

// formatNames are the formats beside text.
func formatNames() []string {
	var names []string
	for _, f := range grader.Formats {
		names = append(names, f.Name)
	}
	return names
}

// freshSeed is short enough to be typed again.
func freshSeed() uint64 {
	var b [4]byte
	rand.Read(b[:])
	return uint64(binary.LittleEndian.Uint32(b[:]))
}

// gradeAny does what the flags say.
func (c *cli) gradeAny(ctx context.Context, o gradeOptions, name, path string) error {
	g, err := o.check(name)
	if err != nil {
		return failure{err, gradeUsage}
	}
	if o.solution {
		return c.showSolution(g)
	}
	if _, err := os.Stat(path); err != nil {
		return failure{container.Hint(err, "PATH is an executable, or a folder with go.mod, Makefile or box"), gradeUsage}
	}
	if os.Geteuid() != 0 {
		return failure{container.Hint(errors.New("grade: only root can make the sandbox"), "sudo tutor grade …"), gradeEnvironment}
	}
	if o.all {
		return c.gradeAll(ctx, g, path)
	}
	if o.watch {
		return c.gradeAgain(ctx, g, path)
	}
	return c.grade(ctx, g, path)
}

// check turns words into what they mean.
func (o gradeOptions) check(name string) (*grading, error) {
	lab := grader.Find(name)
	if lab == nil {
		var names []string
		for _, l := range grader.Labs {
			names = append(names, l.Name)
		}
		return nil, container.Hint(fmt.Errorf("grade: no such lab: %s", name), "there are "+strings.Join(names, ", "))
	}
	ids := lab.IDs()
	if o.only != "" && !slices.Contains(ids, o.only) {
		return nil, container.Hint(fmt.Errorf("grade: lab %s has no check %s", lab.Name, o.only), "there are "+strings.Join(ids, ", "))
	}
	for _, id := range o.hide { // of one that is mistyped all would be told
		earlier := slices.ContainsFunc(grader.Labs[:lab.Number-1], func(l grader.Lab) bool { return slices.Contains(l.IDs(), id) })
		if !earlier && !slices.Contains(ids, id) {
			return nil, container.Hint(fmt.Errorf("grade: --hide: no check is called %s", id), "there are "+strings.Join(ids, ", ")+", and those of the earlier labs")
		}
	}
	if o.hint < 0 || o.hint > 3 {
		return nil, fmt.Errorf("grade: --hint %d: 0 to 3", o.hint)
	}
	if !slices.Contains([]string{"full", "actual-only", "none"}, o.details) {
		return nil, fmt.Errorf("grade: --failure-details %s: full, actual-only or none", o.details)
	}
	if o.watch && o.words != "text" {
		return nil, errors.New("grade: --watch is for a person, and prints text; --output keeps the record")
	}
	if o.all && (o.watch || o.only != "" || o.student != "" || o.words != "text" || o.jobs < 1) {
		return nil, errors.New("grade: --all goes with --output, --seed, --hide, --failure-details, --this-lab-only and --jobs (1 or more)")
	}
	if o.explain && (o.words != "text" || o.details != "full" || o.all) {
		return nil, errors.New("grade: --explain tells all, to a person: not with --all, --format or --failure-details")
	}
	if o.giveUp && !o.solution {
		return nil, container.Hint(errors.New("grade: --give-up without --solution"), "tutor grade "+lab.Name+" --solution --give-up")
	}
	if o.words == "text" {
		return &grading{o, lab, &grader.Formats[0]}, nil // with --output: the record
	}
	for i := range grader.Formats {
		if grader.Formats[i].Name == o.words {
			return &grading{o, lab, &grader.Formats[i]}, nil
		}
	}
	return nil, container.Hint(fmt.Errorf("grade: --format %s: no such format", o.words), "there are text, "+strings.Join(formatNames(), ", "))
}

// probe runs what box is given to run under tutor grade; a word that is not the grader's own is one of the toolbox.
func probe(args []string) int {
	return grader.Probe(args, func(args []string) int { return toolbox.Main(args[0], args[1:]) })
}
