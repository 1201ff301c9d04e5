package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// numbered is the lines from 1 to n.
func numbered(from, to int) string {
	var b strings.Builder
	for i := from; i <= to; i++ {
		fmt.Fprintln(&b, "line", i)
	}
	return b.String()
}

const writesLines = "i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo line $i; done; touch /ready"

func TestALogIsBounded(t *testing.T) {
	root(t)
	s, cmd := running(t, "chatty", writesLines, "--log-opt", "max-size=4k", "--log-opt", "max-file=3")
	require.NoError(t, cmd.Wait())
	dir := testHome().Dir(s.ID)
	files, err := filepath.Glob(filepath.Join(dir, "log*"))
	require.NoError(t, err)
	require.ElementsMatch(t, []string{filepath.Join(dir, "log"), filepath.Join(dir, "log.1"), filepath.Join(dir, "log.2")}, files)
	for _, file := range files {
		info, err := os.Stat(file)
		require.NoError(t, err)
		require.LessOrEqual(t, info.Size(), int64(4000))
	}
	log := ok(t, "logs", "chatty")
	require.True(t, strings.HasSuffix(numbered(1, 300), log), "the newest lines, all in order:\n%s", log)
	require.Greater(t, strings.Count(log, "\n"), 130, "two files and what is in the third")
	require.Equal(t, numbered(201, 300), ok(t, "logs", "--tail", "100", "chatty"), "across two files")
	require.Equal(t, numbered(300, 300), ok(t, "logs", "-n", "1", "chatty"))
	require.Equal(t, log, ok(t, "logs", "-n", "1000", "chatty"))
	require.Equal(t, "json-file map[max-file:3 max-size:4000]\n", ok(t, "inspect", "-f", "{{.HostConfig.LogConfig.Type}} {{.HostConfig.LogConfig.Config}}", "chatty"))
}

func TestALogOfOneFileBeginsAnew(t *testing.T) {
	root(t)
	s, cmd := running(t, "brief", writesLines, "--log-opt", "max-size=4k")
	require.NoError(t, cmd.Wait())
	files, err := filepath.Glob(filepath.Join(testHome().Dir(s.ID), "log*"))
	require.NoError(t, err)
	require.Len(t, files, 1)
	log := ok(t, "logs", "brief")
	require.NotEmpty(t, log)
	require.True(t, strings.HasSuffix(numbered(1, 300), log))
}

// Whoever follows misses nothing, as long as it is not slower by all the files.
func TestLogsFollowFromFileToFile(t *testing.T) {
	root(t)
	removed(t, "rolls")
	ok(t, "run", "-d", "--name", "rolls", "--log-opt", "max-size=4k", "--log-opt", "max-file=100", "tutor/lab", "sh", "-c",
		"i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo line $i; done")
	require.Equal(t, numbered(1, 3000), ok(t, "logs", "-f", "rolls"))
	require.Equal(t, numbered(1, 3000), ok(t, "logs", "rolls"))
}

// A monitor that was killed within a line, or while it gave the files new numbers.
func TestALogGoesOnAfterAKill(t *testing.T) {
	root(t)
	s, cmd := running(t, "torn", writesLines, "--log-opt", "max-size=4k", "--log-opt", "max-file=4")
	require.NoError(t, cmd.Wait())
	dir := testHome().Dir(s.ID)
	newest := read(dir, "log")
	require.NoError(t, os.WriteFile(filepath.Join(dir, "log"), []byte(strings.TrimSuffix(newest, "00\n")), 0o640))
	require.NoError(t, os.Remove(filepath.Join(dir, "log.2")))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "log.new"), []byte("half a line"), 0o640))
	ok(t, "start", "-a", "torn")
	log := ok(t, "logs", "torn")
	require.True(t, strings.HasSuffix(log, "line 3\n"+numbered(1, 300)) || strings.HasSuffix(numbered(1, 300), log), log)
	require.NotContains(t, log, "half")
}

func TestWhatIsNotLogged(t *testing.T) {
	root(t)
	removed(t, "mute")
	require.Equal(t, "out\n", ok(t, "run", "--name", "mute", "--log-driver", "none", "tutor/lab", "echo", "out"), "whoever is attached sees it")
	r := tutor(t, "logs", "mute")
	require.Equal(t, run{"", "tutor: configured logging driver does not support reading\ntutor: hint: the container was made with --log-driver none: nothing is kept of what it writes\n", 1}, r)
	ok(t, "rm", "mute")
	for flags, message := range map[string]string{
		"--log-driver syslog":                      "logger: no log driver named 'syslog' is registered",
		"--log-opt max-size=x":                     `invalid value "x" for log opt max-size: invalid size: 'x'`,
		"--log-opt max-size=0":                     `invalid value "0" for log opt max-size: max-size must be a positive number`,
		"--log-opt max-file=0":                     `invalid value "0" for log opt max-file; max-file cannot be less than 1`,
		"--log-opt colour=red":                     "unknown log opt 'colour' for json-file log driver",
		"--log-opt compress=true":                  "log opt 'compress' is not supported",
		"--log-driver none --log-opt max-size=10m": "unknown log opt 'max-size' for none log driver",
	} {
		line := append(append([]string{"create"}, strings.Fields(flags)...), "tutor/lab", "true")
		fails(t, exec.Command(binary, line...), 125, message, ".")
	}
}
