package main_test

import (
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// moving are the columns that the next look shows differently: C, the share of a processor, which falls as time passes.
var moving = regexp.MustCompile(`(?m)^(\S+ +\d+ +\d+ +)\d+ +(\d\d:)`) // as wide as it is

func TestTop(t *testing.T) {
	root(t)
	state, _ := running(t, "watched", "touch /ready; sleep 999 & exec sleep 1000")
	eventually(t, "both sleep", func() bool {
		return strings.HasSuffix(ok(t, "top", "watched", "-o", "args"), "\nsleep 1000\nsleep 999\n")
	})
	out := ok(t, "top", "watched")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 3)
	require.Equal(t, "UID                 PID                 PPID                C                   STIME               TTY                 TIME                CMD", lines[0])
	require.Regexp(t, `^root +\d+ +\d+ +\d+ +\d\d:\d\d +\? +\d\d:\d\d:\d\d +sleep 1000$`, lines[1])
	require.Regexp(t, `^root +\d+ +\d+ +\d+ +\d\d:\d\d +\? +\d\d:\d\d:\d\d +sleep 999$`, lines[2])
	still := func(out string) string { return moving.ReplaceAllString(out, "$1 … $2") }
	require.Equal(t, still(out), still(ok(t, "top", "watched", "-ef")))
	require.Regexp(t, `^USER +PID +%CPU +%MEM +VSZ +RSS +TTY +STAT +START +TIME +COMMAND\nroot .* sleep 1000\n`, ok(t, "top", "watched", "aux"))
	require.Regexp(t, `^PID +NSPID +WHAT\n\d+ +1 +sleep 1000\n\d+ +\d+ +sleep 999\n$`, ok(t, "top", "watched", "-o", "pid,nspid,args=WHAT"))
	require.Regexp(t, `^PID\n\d+\n\d+\n$`, ok(t, "top", "watched", "-eo", "pid"))

	processes, err := testHome().Processes(state)
	require.NoError(t, err)
	require.Equal(t, []int{0, 1}, []int{processes[0].Depth, processes[1].Depth})
	require.Equal(t, processes[0].PID, processes[1].Parent)
	require.Regexp(t, "(?m)^NSpid:\t.*\t"+"1$", read("/proc", strconv.Itoa(processes[0].PID)+"/status"))

	for args, says := range map[string]string{
		"watched -eL":    `tutor: top: ps option "-eL" is not supported\ntutor: hint: there are -e, -f, aux and -o COLUMNS`,
		"watched -o foo": `tutor: top: ps has no column "foo" here\ntutor: hint: there are: .*nspid`,
		"nonesuch":       `tutor: No such container: nonesuch\n`,
		"":               `tutor: top needs a container\ntutor: hint: `,
	} {
		r := tutor(t, append([]string{"top"}, strings.Fields(args)...)...)
		require.Equal(t, 1, r.code)
		require.Regexp(t, "^"+says, r.stderr)
	}
}

// What a stranger's process is called must not reach the terminal of whoever looks.
func TestTopShowsNoControlCharacters(t *testing.T) {
	root(t)
	running(t, "rude", "touch /ready; ln -s /bin/toolbox /sleep; exec sleep 1000")
	ok(t, "exec", "-d", "rude", "sh", "-c", "sleep 1000; : '\x1b[2J\x07'")
	out := ok(t, "top", "rude")
	require.Contains(t, out, "sleep 1000; : '?[2J?'")
	require.NotRegexp(t, `[\x00-\x09\x0b-\x1f\x7f]`, out)
	removed(t, "labelled")
	ok(t, "create", "--name", "labelled", "--label", "k=a\x1b[2Jb", "tutor/lab", "true")
	require.Equal(t, "k=a?[2Jb\n", ok(t, "ps", "-a", "--filter", "name=labelled", "--format", "{{.Labels}}"))
}

// No program of the container's is asked: it may bring a ps of its own (CVE-2022-1227 was that).
func TestTopAsksTheKernel(t *testing.T) {
	root(t)
	tool(t, "strace")
	running(t, "lying", "rm /bin/ps; printf '#!/bin/sh\\ntouch /asked\\n' > /bin/ps; chmod +x /bin/ps; touch /ready; exec sleep 1000")
	log := t.TempDir() + "/strace"
	r := command(t, exec.Command("strace", "-f", "-e", "trace=execve,fork,vfork,setns", "-o", log, binary, "top", "lying"))
	require.Zero(t, r.code, r.stderr)
	seen, err := os.ReadFile(log)
	require.NoError(t, err)
	require.Len(t, regexp.MustCompile(`execve\(|setns\(|fork\(`).FindAll(seen, -1), 1, "tutor itself, and nothing else: %s", seen)
}
