package grader

import (
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// A traced call is one line of strace's, of box and all that it starts, as far as they become COMMAND.
type traced struct {
	pid, name, args, result string
}

func (c traced) String() string { return c.name + "(" + c.args + ") = " + c.result }

// failed tells if the kernel refused.
func (c traced) failed() bool { return strings.HasPrefix(c.result, "-1 ") }

// ErrNoStrace is why no trace can be shown.
var ErrNoStrace = errors.New("grade: --explain needs strace, which is not installed")

// straceDir is where strace writes, in the sandbox.
const straceDir = "/trace"

// strace is how box is started to be traced. It stays the grader's child, and the tracer is its grandchild (-D): a
// signal that is sent to box must reach box.
func (s *Sandbox) strace(args []string) []string {
	return append([]string{"strace", "-D", "-f", "-y", "-qq", "-s", "96", "-e", "signal=none", "-o", fmt.Sprintf("%s/%d", straceDir, len(s.boxes)),
		"-e", "trace=process,unshare,setns,mount,umount2,mount_setattr,move_mount,fsmount,open_tree,pivot_root,chroot,chdir,fchdir,sethostname," +
			"?mkdir,mkdirat,?rmdir,unlinkat,write,setuid,setgid,setgroups,setresuid,setresgid,kill,tgkill,pidfd_send_signal,dup3,?dup2"}, args...)
}

// trace runs a check on what was handed in, with strace beside it. The verdict is not of interest: strace takes time.
func (b *Bench) trace(c Check) ([]traced, error) {
	s, err := b.newSandbox(newRandom(b.Seed, c.ID))
	if err != nil {
		return nil, err
	}
	s.tracing, s.patience = true, 5*s.patience // each call is stopped twice
	if err := os.Mkdir(s.host(straceDir), 0o700); err != nil {
		return nil, errors.Join(err, s.close())
	}
	var failed *Failure
	if err := c.Run(s); err != nil && !errors.As(err, &failed) {
		return nil, errors.Join(err, s.close())
	}
	text, err := s.traceText()
	return parseTrace(text), errors.Join(err, s.close())
}

// traceText is what strace has written of all boxes. os.Root follows no link that box may have put there.
func (s *Sandbox) traceText() (string, error) {
	root, err := os.OpenRoot(s.host("/"))
	if err != nil {
		return "", err
	}
	defer root.Close()
	var all strings.Builder
	for n := range s.boxes {
		name := fmt.Sprintf("%s/%d", straceDir[1:], n)
		settled(func() int64 {
			info, err := root.Lstat(name)
			if err != nil || !info.Mode().IsRegular() {
				return -1
			}
			return info.Size()
		})
		file, err := root.OpenFile(name, os.O_RDONLY|unix.O_NONBLOCK, 0) // box may have put a FIFO there
		if err != nil {
			continue // a probe without box, or a box that has removed it
		}
		info, err := file.Stat()
		if err == nil && info.Mode().IsRegular() {
			_, err = io.Copy(&all, io.LimitReader(file, 8<<20))
		}
		file.Close()
		if err != nil {
			return "", err
		}
	}
	return all.String(), nil
}

// settled waits until a size stays the same: strace is a little behind.
func settled(size func() int64) {
	last := size()
	for range 20 {
		time.Sleep(50 * time.Millisecond)
		now := size()
		if now == last {
			return
		}
		last = now
	}
}

// forms are those of strace's lines. They are compiled when a trace is first read, and not whenever tutor starts.
var forms = sync.OnceValue(func() (f struct{ whole, broken, superseded, resumed, becomes *regexp.Regexp }) {
	f.whole = regexp.MustCompile(`^(\d+) +(\w+)\((.*)\) += (.+)$`)
	f.broken = regexp.MustCompile(`^(\d+) +(\w+)\((.*) <(?:unfinished|pid changed to \d+) \.\.\.>$`)
	f.superseded = regexp.MustCompile(`^(\d+) +\+\+\+ superseded by execve in pid (\d+) \+\+\+$`)
	f.resumed = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (.+)$`)
	f.becomes = regexp.MustCompile(`^"[^"]*tutor"`)
	return f
})

// parseTrace reads strace's lines. What threads do counts for their process. Left out is what COMMAND does, which is the
// grader's, and what Go's runtime does for itself.
func parseTrace(text string) []traced {
	calls := readTrace(text)
	leaders, command := map[string]string{}, map[string]bool{}
	var kept []traced
	for _, c := range calls {
		if leader := leaders[c.pid]; leader != "" {
			c.pid = leader
		}
		if child, _, _ := strings.Cut(c.result, "<"); strings.HasPrefix(c.name, "clone") && strings.Contains(c.args, "CLONE_THREAD") {
			leaders[child] = c.pid
		}
		if command[c.pid] || c.idle() {
			continue
		}
		kept = append(kept, c)
		command[c.pid] = strings.HasPrefix(c.name, "execve") && !c.failed() && forms().becomes.MatchString(c.args)
	}
	return kept
}

// readTrace puts together the calls that other processes' lines stand between.
func readTrace(text string) []traced {
	var calls []traced
	form := forms()
	open := map[string]int{} // of each process, its call that has not returned
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := form.resumed.FindStringSubmatch(line); m != nil {
			if at, found := open[m[1]]; found {
				calls[at].args, calls[at].result = calls[at].args+m[3], m[4]
			}
		} else if m := form.superseded.FindStringSubmatch(line); m != nil { // a thread's execve returns under its process's number
			if at, found := open[m[2]]; found {
				open[m[1]], calls[at].pid = at, m[1]
			}
		} else if m := form.broken.FindStringSubmatch(line); m != nil {
			open[m[1]] = len(calls)
			calls = append(calls, traced{m[1], m[2], m[3], "?"})
		} else if m := form.whole.FindStringSubmatch(line); m != nil {
			calls = append(calls, traced{m[1], m[2], m[3], m[4]})
		}
	}
	return calls
}

// idle tells if a call makes a thread, or is Go's trial whether the kernel knows pidfds: a child that nobody waits for
// by SIGCHLD.
func (c traced) idle() bool {
	return strings.HasPrefix(c.name, "clone") && !strings.Contains(c.args, "SIGCHLD") || strings.Contains(c.args, "__WCLONE")
}
