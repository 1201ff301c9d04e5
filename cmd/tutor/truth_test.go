package main_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The truth test: run under strace, take the meter's own calls away, and demand that what is left is the trace,
// call by call, in order, with arguments and results (docs/truth.md).

func TestTheTraceIsWhatStraceSaw(t *testing.T) {
	root(t)
	tool(t, "strace")
	volume := t.TempDir()
	for name, args := range map[string][]string{
		"plain":           {"tutor/lab", "true"},
		"limits":          {"--memory", "64m", "--pids-limit", "40", "--cpus", "0.5", "--cpuset-cpus", "0", "tutor/lab", "true"},
		"volumes":         {"-v", volume + ":/data", "-v", "/etc/hostname:/tmp/name:ro", "--tmpfs", "/run:size=1m", "tutor/lab", "true"},
		"user":            {"-u", "student:wheel", "-w", "/home/student/new", "tutor/lab", "true"},
		"shut in":         {"--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--ulimit", "nofile=64:128", "tutor/lab", "true"},
		"ports":           {"-p", "127.0.0.1::80", "-p", "127.0.0.1::53/udp", "tutor/lab", "true"},
		"the host's net":  {"--network", "host", "tutor/lab", "true"},
		"something less":  {"--without", "proc", "--without", "private", "tutor/lab", "true"},
		"no such command": {"tutor/lab", "nonesuch"},
		"lab 1":           {"--lab", "1", "true"},
		"lab 2":           {"--lab", "2", "true"},
		"lab 4":           {"--lab", "4", "tutor/lab", "true"},
	} {
		t.Run(name, func(t *testing.T) {
			compare(t, func(trace, strace string) *exec.Cmd {
				return exec.Command("strace", straceArgs(strace, trace, args)...)
			})
		})
	}
}

func TestTheTraceOfATerminalIsWhatStraceSaw(t *testing.T) {
	root(t)
	tool(t, "strace")
	compare(t, func(trace, strace string) *exec.Cmd {
		cmd := exec.Command("strace", straceArgs(strace, trace, []string{"-it", "tutor/lab", "true"})...)
		attach(t, cmd)
		return cmd
	})
}

// A container in the background is started by its monitor, whose trace ends when the command runs.
func TestTheTraceOfAMonitorIsWhatStraceSaw(t *testing.T) {
	root(t)
	tool(t, "strace")
	seen, said := both(t, func(trace, strace string) *exec.Cmd {
		return exec.Command("strace", straceArgs(strace, trace, []string{"-d", "-p", "127.0.0.1::80", "tutor/lab", "true"})...)
	})
	require.Greater(t, len(seen), len(said), "the undoing is not in the trace")
	require.Equal(t, strings.Join(seen[:len(said)], "\n"), strings.Join(said, "\n"), "strace on the left, the trace on the right")
	require.Contains(t, said[len(said)-1], "execve(")
}

func straceArgs(strace, trace string, args []string) []string {
	// -v would print environments; -s: no string is cut short; -a1: no padding
	return append([]string{"-f", "-a1", "-s", "65536", "-o", strace, binary, "run", "--rm", "--explain=json", "--explain-to", trace}, args...)
}

func compare(t *testing.T, start func(trace, strace string) *exec.Cmd) {
	t.Helper()
	seen, said := both(t, start)
	require.Equal(t, strings.Join(seen, "\n"), strings.Join(said, "\n"), "strace on the left, the trace on the right")
}

// both are the measured calls that strace saw, and those of the trace.
func both(t *testing.T, start func(trace, strace string) *exec.Cmd) (seen, said []string) {
	t.Helper()
	ok(t, "run", "--rm", "tutor/lab", "true") // makes the image, so that the run to compare does not
	dir := t.TempDir()
	trace, strace := filepath.Join(dir, "trace"), filepath.Join(dir, "strace")
	err := start(trace, strace).Run()
	if _, exited := err.(*exec.ExitError); !exited {
		require.NoError(t, err)
	}
	said, child := readTrace(t, trace)
	seen, others := readStrace(t, strace, child)
	require.NotEmpty(t, said)
	for _, call := range others {
		require.Regexp(t, metersOwn, call, "the child made a call that is neither in the trace nor the meter's")
	}
	return seen, said
}

// metersOwn are the calls of the child that are not the Program's: the baton, Go's clean-up after fork, and
// the end of a child that failed.
var metersOwn = regexp.MustCompile(`^(close\(\d+\) = 0|read\(\d+, "x", 1\) = 1|write\(\d+, "\\0", 1\) = 1|rt_sigprocmask\(.*|rt_sigaction\(.*|exit_group\(1\) = \?|getpid\(\) = \d+|gettid\(\) = \d+)$`)

// schedulers are the calls with which Go moves goroutines about; they can come at any moment in the host's hand,
// never in the child's, which has no scheduler: a futex there would hang the child for good.
var schedulers = regexp.MustCompile(`^(futex|rt_sigreturn|sched_yield|nanosleep|tgkill|epoll_pwait|epoll_ctl|madvise)\(`)

// readTrace renders every call of a JSON trace as strace would, and finds the child's PID.
func readTrace(t *testing.T, path string) (calls []string, child int) {
	t.Helper()
	for n, line := range traceLines(t, path) {
		if line["type"] != "call" {
			continue
		}
		require.Equal(t, float64(len(calls)+1), line["seq"], "line %d: calls are numbered from 1 without a gap", n)
		var args []string
		for _, a := range line["args"].([]any) {
			args = append(args, a.(string))
		}
		result := strconv.FormatInt(int64(line["result"].(float64)), 10)
		if line["syscall"] == "umask" {
			result = fmt.Sprintf("%#03o", int64(line["result"].(float64)))
			if line["result"] == 0.0 {
				result = "000"
			}
		}
		if line["errno"] != "" {
			result += " " + line["errno"].(string)
		}
		if line["by"] == "child" {
			child = int(line["host_pid"].(float64))
		}
		calls = append(calls, messagesOnly(fmt.Sprintf("%s(%s) = %s", line["syscall"], strings.Join(args, ", "), result)))
	}
	return calls, child
}

func traceLines(t *testing.T, path string) []map[string]any {
	t.Helper()
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	var lines []map[string]any
	for _, text := range strings.Split(strings.TrimSpace(string(content)), "\n") {
		var line map[string]any
		require.NoError(t, json.Unmarshal([]byte(text), &line), text)
		lines = append(lines, line)
	}
	return lines
}

var (
	straceLine  = regexp.MustCompile(`^(\d+) +(.*)$`)
	resumed     = regexp.MustCompile(`^<\.\.\. \w+ resumed>(.*)$`)
	errorWords  = regexp.MustCompile(`(= -1 E[A-Z0-9]+) \(.*\)$`)
	pollWords   = regexp.MustCompile(`^(ppoll\(.*\) = \d) \(.*\)$`) // what strace adds: which descriptor, and the time that is left
	comment     = regexp.MustCompile(` /\* MS_\?\?\? \*/`)
	clockLooked = regexp.MustCompile(`^clock_gettime\(CLOCK_MONOTONIC, .*\) = 0$`)
)

// messagesOnly is a call; of what goes over netlink the types of the messages, in their order, the length and the answer. strace
// writes their attributes in words of its own: that those are right is runtime/network's test, which has nft(8) and ip(8) judge.
func messagesOnly(call string) string {
	if !strings.Contains(call, "nlmsg_type=") {
		return call
	}
	name, rest, _ := strings.Cut(call, "(")
	fd, _, _ := strings.Cut(rest, ",")
	var types []string
	for _, m := range messageType.FindAllStringSubmatch(call, -1) {
		number, known := messageNumbers[m[1]]
		if !known {
			number = m[1]
		}
		types = append(types, number)
	}
	if name == "recvfrom" { // the answer repeats the question
		types = types[:1]
		if code := answerError.FindStringSubmatch(call); code != nil { // else it is a list, or the end of one
			types = append(types, code[1])
		}
	}
	end := messageEnd.FindStringSubmatch(call)
	return fmt.Sprintf("%s(%s, %s, %s", name, fd, strings.Join(types, " "), end[1])
}

// messageNumbers are the types that strace, which does not know what a socket is for, has numbers for.
var messageNumbers = map[string]string{"RTM_NEWLINK": "0x10", "RTM_DELLINK": "0x11", "RTM_NEWADDR": "0x14", "RTM_NEWROUTE": "0x18",
	"NFNL_MSG_BATCH_BEGIN": "0x10", "NFNL_MSG_BATCH_END": "0x11", "NFT_MSG_NEWTABLE": "0xa00", "NFT_MSG_DELTABLE": "0xa02",
	"NFT_MSG_NEWCHAIN": "0xa03", "NFT_MSG_NEWRULE": "0xa06", "NFT_MSG_GETRULE": "0xa07", "NFT_MSG_NEWSET": "0xa09", "NFT_MSG_NEWSETELEM": "0xa0c", "NFT_MSG_DELSETELEM": "0xa0e", "IPCTNL_MSG_CT_DELETE": "0x102"}

var (
	messageType = regexp.MustCompile(`nlmsg_type=(?:NFNL_SUBSYS_\w+<<8\|)?(\w+)`)
	answerError = regexp.MustCompile(`\{?error=(-?\w+)`)
	messageEnd  = regexp.MustCompile(`(\d+, 0, NULL, (?:0|NULL)\) = \d+)$`)
)

// readStrace finds the measured calls: each stands between two looks at the clock, by system call, which
// nothing else in the program does. others are the rest of what the child did before execve.
func readStrace(t *testing.T, path string, child int) (measured, others []string) {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	type hand struct {
		unfinished string
		between    bool   // the clock was looked at once
		call       string // and then this was called
	}
	hands := map[string]*hand{}
	executed := false
	scan := bufio.NewScanner(file)
	scan.Buffer(nil, 1<<20)
	for scan.Scan() {
		m := straceLine.FindStringSubmatch(scan.Text())
		if m == nil || strings.HasPrefix(m[2], "+++") || strings.HasPrefix(m[2], "---") {
			continue
		}
		h := hands[m[1]]
		if h == nil {
			h = &hand{}
			hands[m[1]] = h
		}
		text := m[2]
		if before, found := strings.CutSuffix(text, " <unfinished ...>"); found {
			h.unfinished = before
			continue
		}
		if r := resumed.FindStringSubmatch(text); r != nil {
			text = h.unfinished + r[1]
		}
		text = pollWords.ReplaceAllString(comment.ReplaceAllString(errorWords.ReplaceAllString(text, "$1"), ""), "$1")
		if schedulers.MatchString(text) {
			continue
		}
		isChild := m[1] == strconv.Itoa(child)
		switch {
		case clockLooked.MatchString(text) && h.call != "":
			measured = append(measured, messagesOnly(h.call))
			h.between, h.call = false, ""
		case clockLooked.MatchString(text):
			h.between = true
		case h.between && strings.HasPrefix(text, "execve(") && strings.HasSuffix(text, " = 0"):
			measured = append(measured, text)
			h.between, executed = false, true
		case h.between:
			require.Empty(t, h.call, "two calls between two looks at the clock")
			h.call = text
		case isChild && !executed:
			others = append(others, text)
		}
	}
	require.NoError(t, scan.Err())
	return measured, others
}
