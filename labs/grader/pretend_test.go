package grader_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/labs"
	"tutor/labs/grader"
)

// pretender behaves as COMMAND would, and runs nothing.
const pretender = `#!/usr/bin/python3
import os, signal, sys, time
word, args = sys.argv[5], sys.argv[6:]
if word == "say":
    for text, fd in zip(args, (1, 2)): os.write(fd, text.encode())
elif word == "say-hex": os.write(1, bytes.fromhex(args[0]))
elif word == "cat": os.write(1, sys.stdin.buffer.read())
elif word == "exit": sys.exit(int(args[0]))
else:
    os.memfd_create("probe-ready")
    if word == "tell": os.write(1, " ".join(args).encode())
    signal.signal(signal.SIGTERM, lambda *_: os._exit(int(args[0]) if word == "trap" else 143))
    time.sleep(60)
`

// The grader is not told whether COMMAND runs, it looks: another program that does what COMMAND would do gets nothing for it.
func TestNoOtherProgramCanStandForCommand(t *testing.T) {
	root(t)
	t.Parallel() // most of it is waiting
	report := graded(t, grader.Order{Lab: &grader.Labs[0], Path: folder(t, labs.Files{"box": pretender}), Alone: true})
	for _, c := range report.Checks {
		if c.ID != "lab1.missing" && c.ID != "lab1.denied" { // where no COMMAND runs
			require.NotEqual(t, grader.Pass, c.Status, story(report))
		}
	}
}

// And a right box that gives COMMAND other words than it was given gets nothing where those would have been awkward.
func TestNoOtherWordsCanStandForThoseOfCommand(t *testing.T) {
	root(t)
	t.Parallel() // most of it is waiting
	lab := &grader.Labs[1]
	solution, err := labs.Solution(lab.Number)
	require.NoError(t, err)
	dir := folder(t, labs.Files{"box": "#!/bin/sh\nfor w; do shift; [ \"$w\" = mount ] && w=hold; set -- \"$@\" \"$w\"; done\nexec /box/real \"$@\"\n"})
	content, err := os.ReadFile(compiled(t, solution))
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "real"), content, 0o755))
	report := graded(t, grader.Order{Lab: lab, Path: dir, Alone: true})
	for _, c := range report.Checks {
		want := grader.Pass
		switch c.ID {
		case "lab2.private":
			want = grader.Fail
		case "lab2.left":
			want = grader.Skip
		}
		require.Equal(t, want, c.Status, story(report))
	}
}

// A folder in which there is nothing to grade is a bad hand-in, and no fault of the machine's: there is a report.
func TestAFolderWithoutABoxIsGraded(t *testing.T) {
	root(t)
	t.Parallel() // most of it is waiting
	report := graded(t, grader.Order{Lab: &grader.Labs[0], Path: t.TempDir(), Alone: true})
	require.Len(t, report.Checks, len(grader.Labs[0].Checks))
	for _, c := range report.Checks {
		require.Equal(t, grader.Fail, c.Status, story(report))
	}
	require.Contains(t, report.Checks[0].Actual, "no go.mod, no Makefile and no program called box")
}

// make looks for a makefile by three names, and so does the grader.
func TestAMakefileOfAnyNameIsOne(t *testing.T) {
	for _, name := range []string{"GNUmakefile", "makefile", "Makefile"} {
		require.Contains(t, grader.Build(folder(t, labs.Files{name: ""})), "make -C", name)
	}
}
