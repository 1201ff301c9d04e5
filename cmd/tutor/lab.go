//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"tutor/labs"
	"tutor/runtime/container"
	"tutor/runtime/terminal"
)

// labFlags are what `tutor lab` takes.
type labFlags struct{ explain, step, yes, shell, restart bool }

func newLab(c *cli) *cobra.Command {
	var f labFlags
	command := &cobra.Command{
		Use:   "lab [OPTIONS] [LAB]",
		Short: "Do a lab, or list all seven",
		Long: `Do a lab: read a few lines, predict what happens, press Enter, and see the machine answer. Without LAB: the list of
all, with your progress. LAB is a name, a number, or the beginning of either; a path is a lesson of your own.

Everything that a lab makes goes when it ends, also when it is interrupted. Without a terminal, or with --yes, it
runs straight through, and the exit code is 0 only if every step did what the lesson says.`,
		Example:           "  tutor lab\n  sudo tutor lab 2-namespaces\n  sudo tutor lab --explain 4\n  sudo tutor lab --yes net",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeLab,
		RunE: func(cmd *cobra.Command, args []string) error {
			if os.Geteuid() == 0 {
				if err := labs.Sweep(c.home()); err != nil {
					c.report(err) // what a killed lab has left is no reason not to go on
				}
			}
			if len(args) == 0 {
				return c.listLabs()
			}
			return f.run(cmd.Context(), c, args[0])
		},
	}
	command.AddCommand(newLabStart(c), newLabReset(c))

	flags := command.Flags()
	flags.BoolVar(&f.explain, "explain", false, "Print the trace of each step, and mark what this lab adds")
	flags.BoolVar(&f.step, "step", false, "Start containers entry by entry: see what each changes")
	flags.BoolVarP(&f.yes, "yes", "y", false, "Run straight through, without a stop")
	flags.BoolVar(&f.shell, "shell", false, "At the end, a shell inside what the lab has built")
	flags.BoolVar(&f.restart, "restart", false, "Begin with the first step, wherever you have stopped")
	return command
}

func (f labFlags) run(ctx context.Context, c *cli, name string) error {
	lab, lesson, err := findLesson(name)
	if err != nil {
		return err
	}
	if err := needRoot("lab"); err != nil {
		return err
	}
	person := terminal.Is(os.Stdin) && terminal.Is(os.Stdout)
	if (f.step || f.shell) && !person {
		return container.Hint(errors.New("--step and --shell are for somebody at a terminal"), "leave them out")
	}
	program, err := os.Executable()
	if err != nil {
		return err
	}
	room, err := labs.OpenRoom(c.home(), lab.Name, program)
	if errors.Is(err, labs.ErrOpen) {
		return container.Hint(fmt.Errorf("lab %s: %w", lab.Name, err), "leave it there with q, or use a TUTOR_ROOT and a TUTOR_RUN of your own")
	}
	if err != nil {
		return err
	}
	notebook := labs.OpenNotebook()
	s := &labs.Session{Lab: lab, Lesson: lesson, Room: room, Out: c.Out, Ink: labs.NewInk(coloured(os.Stdout)), Size: terminalSize,
		Explain: f.explain, Stepping: f.step, Place: notebook.Read()[lab.Name],
		Note: func(p labs.Place) error { return notebook.Note(lab.Name, p) }}
	return errors.Join(f.through(ctx, s, person), room.Leave())
}

// findLesson finds a lab by its name, or reads the lesson in a file: what has a slash is one.
func findLesson(name string) (labs.Lab, labs.Lesson, error) {
	if strings.Contains(name, "/") {
		lesson, err := labs.ReadLesson(name)
		return labs.Own, lesson, err
	}
	lab, err := labs.Find(name)
	if err != nil {
		return lab, labs.Lesson{}, container.Hint(err, "tutor lab lists all seven")
	}
	lesson, err := lab.Lesson()
	if errors.Is(err, fs.ErrNotExist) {
		err = container.Hint(fmt.Errorf("lab %s is not written yet", lab.Name), "tutor lab lists those that are")
	}
	return lab, lesson, err
}

// terminalSize is that of standard output; 80 by 24 where nobody looks.
func terminalSize() (columns, rows int) {
	size := terminal.SizeOf(os.Stdout)
	return int(size.Columns), int(size.Rows)
}

// through goes through the lesson, with a person or without.
func (f labFlags) through(ctx context.Context, s *labs.Session, person bool) error {
	over := true
	var err error
	if person && !f.yes {
		over, err = s.Interactive(os.Stdin, f.restart)
	} else {
		err = s.Straight(ctx)
	}
	if errors.Is(err, labs.ErrStopped) {
		return lookedOn(ctx, exit(128+2))
	}
	if err == nil && over && f.shell {
		err = s.Room.Shell()
	}
	return err
}

// listLabs prints the course, how far the person is, and what is next.
func (c *cli) listLabs() error {
	progress := labs.OpenNotebook().Read()
	next := ""
	const columns = "%-14s  %-29s  %-15s  %s" // of 80
	fmt.Fprintf(c.Out, columns+"\n", "LAB", "QUESTION", "PROGRESS", "EXERCISE")
	for _, l := range labs.Labs {
		lesson, err := l.Lesson()
		state, then := "not written yet", ""
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil {
			state, then = standing(progress[l.Name], lesson)
		}
		if next == "" && then != "" && !progress[l.Name].Done {
			next = fmt.Sprintf("sudo tutor lab %-14s  # %s", l.Name, then)
		}
		fmt.Fprintln(c.Out, strings.TrimRight(fmt.Sprintf(columns, l.Name, l.Question, state, progress[l.Name].Exercise), " "))
	}
	if next != "" {
		fmt.Fprintf(c.Out, "\nGo on with: %s\n", next)
	}
	return nil
}

// standing is how far somebody is in a lesson, and the part that comes next.
func standing(p labs.Place, l labs.Lesson) (state, next string) {
	at := min(p.Step, len(l.Steps)-1)
	next = l.Steps[at].Head
	for _, step := range l.Steps[at:] { // the words before the first head
		if next == "" {
			next = step.Head
		}
	}
	if p.Step > 0 {
		return fmt.Sprintf("step %d of %d", p.Step+1, len(l.Steps)), next
	}
	if p.Done {
		return "done", ""
	}
	return "new", next
}

// completeGrade offers the labs, and then the shell's files: what is handed in is one.
func completeGrade(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	return completeLab(cmd, args, begun)
}

func completeLab(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	var names []string
	for _, l := range labs.Labs {
		if _, err := l.Lesson(); err == nil && len(args) == 0 && strings.HasPrefix(l.Name, begun) {
			names = append(names, l.Name+"\t"+l.Question)
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
