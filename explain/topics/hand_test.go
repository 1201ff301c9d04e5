package topics

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/explain"
	"tutor/runtime/pace"
)

// What a page says can be typed is shell, also after it was broken to fit the terminal.
func TestShellLinesAreShell(t *testing.T) {
	pace.Fast(t)
	each(t, func(t *testing.T, p Page, _ Topic) {
		for _, line := range append(p.Hand, p.V1...) {
			require.LessOrEqual(t, explain.Columns(line), 100, line)
		}
		var out bytes.Buffer
		Text(&out, p, explain.NewStyle(false), 80, "v1")
		Text(&out, p, explain.NewStyle(false), 80, "v2")
		var lines []string
		for _, line := range strings.Split(out.String(), "\n") {
			if shell, indented := strings.CutPrefix(line, "    "); indented && (p.Call == nil || !strings.Contains(p.Call.Signature, strings.TrimSpace(shell))) {
				lines = append(lines, shell)
			}
		}
		require.NotEmpty(t, lines)
		check := exec.Command("sh", "-n")
		check.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
		answer, err := check.CombinedOutput()
		require.NoError(t, err, "%s%s", strings.Join(lines, "\n"), answer)
	})
}

func TestLongShellLinesStayTheSame(t *testing.T) {
	for line, want := range map[string]string{
		"echo a b":                          "    echo a b",
		"echo aaaa bbbb cccc dddd":          "    echo aaaa bbbb \\\n      cccc dddd",
		"echo aaaa; echo bbbb; echo cccc":   "    echo aaaa\n    echo bbbb\n    echo cccc",
		"echo aaaa bbbb   # what it is for": "    # what it is for\n    echo aaaa bbbb",
		"echo 'aaaa; bbbb cccc'":            "    echo \\\n      'aaaa; bbbb cccc'",
	} {
		require.Equal(t, want, shellText([]string{line}, 20), line)
	}
}

// traced are the calls that a line has strace show.
var traced = regexp.MustCompile(`-e trace=([a-z0-9_,]+)`)

// Lines that are called safe are typed, in the very shell that the page names.
func TestSafeLinesRun(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: namespaces and mounts")
	}
	shell := strings.Fields(strings.TrimPrefix(ThrowAway, "sudo "))
	if _, err := exec.LookPath(shell[0]); err != nil {
		t.Skip("needs unshare of util-linux")
	}
	ran := 0
	each(t, func(t *testing.T, p Page, _ Topic) {
		if !p.Safe {
			return
		}
		text := strings.Join(p.Hand, "\n")
		for _, tool := range []string{"strace", "capsh", "runc", "script", "ip ", "ss ", "setpriv", "findmnt", "pidwait"} {
			if _, err := exec.LookPath(strings.TrimSpace(tool)); err != nil && strings.Contains(text, tool) {
				t.Skip("needs " + tool)
			}
		}
		ctx, cancel := context.WithTimeout(context.Background(), pace.Times(time.Minute))
		defer cancel()
		cmd := exec.CommandContext(ctx, shell[0], append(shell[1:], "-euc", text)...)
		cmd.Dir = t.TempDir()
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s\n%s", text, out)
		require.NotEmpty(t, out, "nothing to be seen: %s", text)
		for _, calls := range traced.FindAllStringSubmatch(text, -1) {
			require.Regexp(t, `\b(`+strings.ReplaceAll(calls[1], ",", "|")+`)\(`, string(out), "strace saw none of the calls: %s", text)
		}
		ran++
	})
	require.Greater(t, ran, 50)
}

// Lines that make a group are typed where its controller is, of the version that this host has, and leave nothing.
func TestLinesThatMakeGroupsRun(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: cgroups")
	}
	for name, row := range map[string]struct{ v1, v2, want string }{
		"cgroup": {"pids", "", "demo"}, "join": {"pids", "", "demo"}, "memory": {"memory", "memory", "oom_kill 1"},
		"cpu": {"cpu", "cpu", `nr_throttled [1-9]`}, "pids": {"pids", "pids", "(?i)resource temporarily unavailable|fork"},
	} {
		t.Run(name, func(t *testing.T) {
			page, _ := Open(catalogue(t)).Find(name)
			lines, dir := page.Hand, "/sys/fs/cgroup"
			if _, err := os.Stat(dir + "/cgroup.controllers"); err != nil {
				lines, dir = page.V1, dir+"/"+row.v1
			} else if row.v2 != "" {
				on, _ := os.ReadFile(dir + "/cgroup.controllers")
				if !strings.Contains(string(on), row.v2) {
					t.Skip("this host has no controller " + row.v2)
				}
			}
			if _, err := os.Stat(dir + "/demo"); err == nil {
				t.Skip("somebody has a group " + dir + "/demo")
			}
			ctx, cancel := context.WithTimeout(context.Background(), pace.Times(time.Minute))
			defer cancel()
			out, _ := exec.CommandContext(ctx, "sh", "-c", strings.Join(lines, "\n")).CombinedOutput()
			require.Regexp(t, row.want, string(out))
			for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
				if err := os.Remove(dir + "/demo"); os.IsNotExist(err) {
					return // the lines have done it
				} else if err == nil {
					t.Log("a busy machine: the group was not empty yet when it was removed")
					return
				}
			}
			t.Error("the group is not empty")
		})
	}
}
