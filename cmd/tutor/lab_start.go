//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tutor/labs"
	"tutor/labs/grader"
	"tutor/runtime/container"
)

func newLabStart(c *cli) *cobra.Command {
	language := ""
	command := &cobra.Command{
		Use:   "start [OPTIONS] LAB [DIR]",
		Short: "Begin a lab's exercise: its starter, in a folder of your own",
		Long: "start writes the starter of a lab's exercise into DIR (default: a folder named after the lab, here), with the solution of\n" +
			"the lab before filled in. It overwrites nothing.",
		Example: "  tutor lab start 3-cgroups\n  tutor lab start 2 ~/box --language sh",
		Args:    cobra.RangeArgs(1, 2),
		RunE:    func(_ *cobra.Command, args []string) error { return c.labStart(args, language, false) },
	}
	command.Flags().StringVar(&language, "language", "go", "go, or for lab 2 sh; any other you bring yourself")
	return command
}

func newLabReset(c *cli) *cobra.Command {
	language := ""
	command := &cobra.Command{
		Use:   "reset [OPTIONS] LAB [DIR]",
		Short: "Begin a lab's exercise anew; what you have written is kept aside",
		Long:  "reset writes the starter again. Each file of yours that it replaces is renamed to FILE.old first.",
		Args:  cobra.RangeArgs(1, 2),
		RunE:  func(_ *cobra.Command, args []string) error { return c.labStart(args, language, true) },
	}
	command.Flags().StringVar(&language, "language", "go", "go, or for lab 2 sh")
	return command
}

func (c *cli) labStart(args []string, language string, again bool) error {
	lab := grader.Find(args[0])
	if lab == nil {
		return container.Hint(fmt.Errorf("lab: there is no exercise for %q", args[0]), "there are "+strings.Join(exerciseNames(), ", "))
	}
	files, err := labs.Starter(lab.Number, language)
	if err != nil {
		return err
	}
	files["README.md"] += checksOf(lab)
	dir := slices.Concat(args[1:], []string{lab.Name})[0]
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	kept, err := putFiles(dir, files, again)
	if err != nil {
		return err
	}
	for _, line := range kept {
		fmt.Fprintln(c.Out, line)
	}
	fmt.Fprintf(c.Out, "%s: read README.md there, then\n\n    cd %s\n    sudo tutor grade %s .\n", dir, dir, lab.Name)
	return giveBack(dir, files)
}

func exerciseNames() []string {
	var names []string
	for _, l := range grader.Labs {
		names = append(names, l.Name)
	}
	return names
}

// checksOf is the end of the exercise's README: what will be graded, from the very table that grades.
func checksOf(lab *grader.Lab) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n## What is checked: %d points\n\n", lab.Points())
	for _, check := range lab.Checks {
		fmt.Fprintf(&b, "- %s (%d, `%s`)\n", check.Title, check.Points, check.ID)
	}
	return b.String()
}

// putFiles writes the files. Without again it writes none if one is there; with it, it tells what it has renamed.
func putFiles(dir string, files labs.Files, again bool) (kept []string, err error) {
	names := slices.Sorted(maps.Keys(files))
	for _, name := range names {
		path := filepath.Join(dir, name)
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if !again {
			return nil, container.Hint(fmt.Errorf("lab start: %s is there already", path), "tutor lab reset begins anew, and keeps yours as "+name+".old")
		}
		to, err := setAside(path, files[name])
		if err != nil {
			return nil, err
		}
		if to != "" {
			kept = append(kept, name+" was yours: it is "+filepath.Base(to)+" now")
		}
	}
	for _, name := range names {
		mode := os.FileMode(0o644)
		if strings.HasPrefix(files[name], "#!") {
			mode = 0o755
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(files[name]), mode); err != nil {
			return nil, err
		}
	}
	return kept, nil
}

// setAside renames a file that is to be replaced by other content: to FILE.old, and if that is taken FILE.old2 and so on,
// since who begins anew for the second time has written something in between.
func setAside(path, content string) (to string, err error) {
	if now, err := os.ReadFile(path); err == nil && string(now) == content {
		return "", nil
	}
	to = path + ".old"
	for n := 2; ; n++ {
		if _, err := os.Lstat(to); errors.Is(err, fs.ErrNotExist) {
			return to, os.Rename(path, to)
		}
		to = fmt.Sprintf("%s.old%d", path, n)
	}
}

// giveBack makes the files the student's who typed sudo.
func giveBack(dir string, files labs.Files) error {
	var uid, gid int
	if n, _ := fmt.Sscan(os.Getenv("SUDO_UID")+" "+os.Getenv("SUDO_GID"), &uid, &gid); n != 2 || os.Geteuid() != 0 {
		return nil
	}
	for name := range files {
		if err := os.Lchown(filepath.Join(dir, name), uid, gid); err != nil {
			return err
		}
	}
	return os.Lchown(dir, uid, gid)
}
