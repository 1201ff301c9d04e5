package main_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/explain/topics"
	"tutor/runtime/container"
	"tutor/runtime/pace"
)

func TestExplainListsItsTopics(t *testing.T) {
	list := ok(t, "explain")
	for _, want := range []string{"Namespaces\n  namespace, PID namespace,", "System calls: mounts\n  mount, ", "Entries of a start, in their order\n  claim, cgroup,"} {
		require.Contains(t, list, want)
	}
	require.NotContains(t, list, "\x1b")
	for _, line := range strings.Split(strings.TrimSpace(ok(t, "explain", "--format", "json")), "\n") {
		var section topics.Section
		require.NoError(t, json.Unmarshal([]byte(line), &section), line)
		require.NotEmpty(t, section.Names)
	}
}

func TestExplainExplains(t *testing.T) {
	page := ok(t, "explain", "pivot_root(2)")
	for _, want := range []string{"int pivot_root(const char *new_root, const char *put_old);", `Entry "pivot", by the child's hand, lab 4.`, "See also\n  chroot, "} {
		require.Contains(t, page, want)
	}
	require.Equal(t, page, ok(t, "explain", "Pivot-Root"))
	require.Equal(t, ok(t, "explain", "mount propagation"), ok(t, "explain", "mount", "propagation"), "a name of two words needs no quotes")
	require.Equal(t, ok(t, "explain", "memory"), ok(t, "explain", "--memory"))
	var p topics.Page
	require.NoError(t, json.Unmarshal([]byte(ok(t, "explain", "--format=json", "oom")), &p))
	require.Equal(t, "OOM", p.Name)
	require.Contains(t, ok(t, "explain", "--help"), "tutor explain [OPTIONS] [TOPIC]")
}

func TestExplainDoesNotKnow(t *testing.T) {
	r := tutor(t, "explain", "memroy")
	require.Equal(t, 1, r.code)
	require.Empty(t, r.stdout)
	require.Equal(t, "tutor: explain: there is no topic \"memroy\"\ntutor: hint: nearest: memory; tutor explain lists all\n", r.stderr)
	r = tutor(t, "explain", "memory", "--format", "xml")
	require.Equal(t, 1, r.code)
	require.Equal(t, "tutor: explain: unknown format \"xml\"\ntutor: hint: --format json is the only one\n", r.stderr)
}

func TestExplainCompletesNames(t *testing.T) {
	require.Regexp(t, `(?m)^pivot_root$`, ok(t, "__complete", "explain", "pi"))
	require.NotRegexp(t, `(?m)^zombie$`, ok(t, "__complete", "explain", "pi"))
	require.Regexp(t, `^:4\n`, ok(t, "__complete", "explain", "pivot_root", ""))
}

// Whoever wonders what a flag is for types the flag.
func TestEveryFlagOfRunLeadsToATopic(t *testing.T) {
	pace.Fast(t)
	flags := regexp.MustCompile(`(?m)^ +(?:-\w, )?(--[a-z-]+)`).FindAllStringSubmatch(ok(t, "run", "--help"), -1)
	require.Greater(t, len(flags), 30)
	for _, flag := range flags {
		if flag[1] != "--help" {
			require.Regexp(t, "^[^\n]+\n", ok(t, "explain", flag[1]))
		}
	}
}

// Every command that a page promises is run, and what it says is there to be seen must be there.
func TestEveryCommandOfEveryTopic(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "run", "--rm", "tutor/lab", "true")
	bin := t.TempDir()
	require.NoError(t, os.Symlink(binary, filepath.Join(bin, "tutor")))
	catalogue, err := container.Catalogue()
	require.NoError(t, err)
	for _, page := range topics.Open(catalogue).Pages() {
		t.Run(page.Name, func(t *testing.T) {
			if page.Terminal {
				t.Skip("needs somebody at a terminal: " + page.Command)
			}
			if disks, _ := os.ReadDir("/sys/block"); len(disks) == 0 && strings.Contains(page.Command, "/sys/block") {
				t.Skip("needs a disk")
			}
			ctx, cancel := context.WithTimeout(context.Background(), pace.Times(time.Minute))
			defer cancel()
			cmd := exec.CommandContext(ctx, "sh", "-c", "exec 2>&1; "+page.Command)
			cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "NO_COLOR=1")
			out, _ := cmd.Output()
			require.Regexp(t, page.Want, string(out), page.Command)
		})
	}
}
