package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

// In each shell, on a terminal, the Tab key writes the rest of a container's name and of an image's, colons and
// slashes too, and what was completed is what tutor then removes.
func TestTabWritesNames(t *testing.T) {
	pace.Fast(t)
	root(t)
	for _, shell := range []struct {
		name  string
		flags []string
		setup string
	}{
		{"bash", []string{"--norc", "--noprofile", "-i"}, `. /usr/share/bash-completion/bash_completion; . <(tutor completion bash)`},
		{"zsh", []string{"-f", "-i"}, `autoload -U compinit; compinit -u -D; . <(tutor completion zsh)`},
		{"fish", []string{"--private", "-i"}, `tutor completion fish | source`},
	} {
		t.Run(shell.name, func(t *testing.T) {
			program := tool(t, shell.name)
			stopped(t, "web-first", "tutor/lab", "true")
			ok(t, "tag", "tutor/lab", "127.0.0.1:5000/team/app:1")
			cmd := exec.Command(program, shell.flags...)
			cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "TERM=xterm", "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
			s := attach(t, cmd)
			require.NoError(t, cmd.Start())
			s.press(shell.setup + "; echo re''ady\n")
			s.sees("ready")
			s.press("tutor rm web-f\t\n")
			eventually(t, "tutor rm web-first\n"+s.shown(), func() bool { return !strings.Contains(ok(t, "ps", "-a"), "web-first") })
			s.press("tutor rmi 127.0.0.1:5000/te\t\n")
			eventually(t, "tutor rmi 127.0.0.1:5000/team/app:1\n"+s.shown(), func() bool { return ok(t, "images", "-q", "127.0.0.1:5000/team/app") == "" })
		})
	}
}

// What else is offered: networks after --network, and nothing that cannot be meant.
func TestWhatTabOffers(t *testing.T) {
	root(t)
	stopped(t, "web-1", "tutor/lab", "true")
	ok(t, "tag", "tutor/lab", "offered:1")
	t.Cleanup(func() { tutor(t, "rmi", "offered:1") })
	for _, c := range []struct {
		line  []string
		offer string
	}{
		{[]string{"run", "--network", "no"}, "none\n:4\n"},
		{[]string{"create", "--net", "h"}, "host\n:4\n"},
		{[]string{"run", "offer"}, "offered:1\n:4\n"},
		{[]string{"pull", "offer"}, "offered:1\n:4\n"},
		{[]string{"history", "offer"}, "offered:1\n:4\n"},
		{[]string{"run", "offered:1", "/bi"}, ":0\n"}, // the command's own
		{[]string{"rm", "web"}, "web-1\n:4\n"},
		{[]string{"rm", "web-1", ""}, ":4\n"},
		{[]string{"start", "web"}, "web-1\n:4\n"},
		{[]string{"cp", "web-1:/ro"}, ":4\n"}, // no path of the host's
		{[]string{"ps", "--format", ""}, ":4\n"},
		{[]string{"ps", "--filter", ""}, ":4\n"},
		{[]string{"run", "--without", "pivot"}, "pivot\n:4\n"},
		{[]string{"run", "-e", "A=1", "--env"}, "--env\tSet environment variables\n"}, // once more
		{[]string{"grade", "3"}, "3-cgroups\thow much may it use?\n:4\n"},
		{[]string{"grade", "3-cgroups", ""}, ":0\n"}, // a folder
		{[]string{"cp", "web"}, "web-1:\n:"},
		{[]string{"explain", "pivot_r"}, "pivot_root\n:4\n"},
	} {
		require.Contains(t, ok(t, append([]string{"__complete"}, c.line...)...), c.offer, c.line)
	}
	for _, command := range []string{"stop", "exec", "attach"} {
		require.Equal(t, ":4\n", ok(t, "__complete", command, "web"), "it does not run")
	}
	require.Contains(t, ok(t, "run", "--help"), "\n  -e, --env list  ")
}
