package toolbox

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
	"mvdan.cc/sh/v3/expand"
	"mvdan.cc/sh/v3/interp"
)

// A job is a command in the background.
type job struct {
	pid  int
	text string
	code int           // valid once done is closed
	done chan struct{} // closed when the process has ended
	told bool          // its end was reported
}

// background starts `TEXT &`. A real shell forks; we start a second sh, and hand it TEXT with all that it needs to
// know through a pipe: the variables, the functions and the parameters. args are "&", TEXT, $- and the parameters.
func (s *shell) background(ctx context.Context, hc interp.HandlerContext, args []string) error {
	text, flags, params := args[1], args[2], args[3:]
	own := []string{"sh", "--subshell"}
	if flags != "" {
		own = append(own, "-"+flags)
	}
	cmd := &exec.Cmd{
		Path: self("sh"), Args: append(append(own, "--"), params...), Env: environment(hc.Env), Dir: hc.Dir,
		Stdout: hc.Stdout, Stderr: hc.Stderr,
	}
	if err := s.handOver(cmd, s.state(hc.Env)+text+"\n"); err != nil {
		fmt.Fprintf(hc.Stderr, "sh: can't fork: %s\n", cause(err))
		return exitStatus(2)
	}
	j := &job{pid: cmd.Process.Pid, text: text, done: make(chan struct{})}
	s.mu.Lock()
	s.jobs = append(s.jobs, j)
	number := len(s.jobs)
	s.mu.Unlock()
	go func() {
		j.code = s.finished(cmd, 0)
		close(j.done)
	}()
	if s.interactive {
		fmt.Fprintf(hc.Stderr, "[%d] %d\n", number, j.pid)
	}
	return hc.Builtin(ctx, []string{"eval", fmt.Sprintf("declare -g %s=%d", lastBackground, j.pid)})
}

// handOver starts the second sh and gives it its program on descriptor 3. It returns when that has closed descriptor
// 4: from then on it is deaf to Ctrl-C, and the next key may be one.
func (s *shell) handOver(cmd *exec.Cmd, program string) error {
	read, write, err := os.Pipe()
	if err != nil {
		return err
	}
	defer write.Close()
	defer read.Close()
	ready, started, err := os.Pipe()
	if err != nil {
		return err
	}
	defer ready.Close()
	cmd.ExtraFiles = []*os.File{read, started}
	err = s.start(cmd, 0)
	started.Close()
	if err != nil {
		return err
	}
	read.Close()
	io.WriteString(write, program)
	write.Close()
	ready.Read(make([]byte, 1))
	return nil
}

// state is a program that sets what the environment does not carry: the variables that are not exported, arrays, and
// the functions.
func (s *shell) state(env expand.Environ) string {
	var b bytes.Buffer
	for name, v := range env.Each {
		if v.ReadOnly || !v.IsSet() || v.Exported && v.Kind == expand.String || slices.Contains([]string{subshellMark, "OPTIND", "IFS", "PWD"}, name) {
			continue
		}
		switch v.Kind {
		case expand.String:
			fmt.Fprintf(&b, "declare %s=%s\n", name, quote(v.Str))
		case expand.Indexed:
			fmt.Fprintf(&b, "declare -a %s=(%s)\n", name, quoteAll(v.List))
		case expand.Associative:
			fmt.Fprintf(&b, "declare -A %s=(", name)
			for k, value := range v.Map {
				fmt.Fprintf(&b, "[%s]=%s ", quote(k), quote(value))
			}
			b.WriteString(")\n")
		}
	}
	for name, body := range s.runner.Funcs {
		fmt.Fprintf(&b, "%s() %s\n", name, printed(body))
	}
	return b.String()
}

// find is the job of a PID or of %N.
func (s *shell) find(word string) *job {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number, ok := strings.CutPrefix(word, "%"); ok {
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > len(s.jobs) {
			return nil
		}
		return s.jobs[n-1]
	}
	for _, j := range slices.Backward(s.jobs) { // the latest one with that PID
		if strconv.Itoa(j.pid) == word {
			return j
		}
	}
	return nil
}

// wait waits for all jobs, or for those named. A signal with a trap ends it early, with 128+n.
func (s *shell) wait(ctx context.Context, hc interp.HandlerContext, args []string) error {
	code := 0
	waiting := args[1:]
	if len(waiting) == 0 {
		s.mu.Lock()
		for _, j := range s.jobs {
			waiting = append(waiting, strconv.Itoa(j.pid))
		}
		s.mu.Unlock()
	}
	for _, word := range waiting {
		j := s.find(word)
		if j == nil {
			code = 127
			continue
		}
		select {
		case <-j.done:
			code, j.told = j.code, true
		case caught := <-s.caught:
			if err := hc.Builtin(ctx, []string{"eval", s.trapText(caught)}); err != nil {
				return err
			}
			return exitStatus(128 + int(caught.(unix.Signal)))
		case <-ctx.Done():
			return exitStatus(128 + int(unix.SIGINT))
		}
	}
	if len(args) == 1 {
		code = 0
	}
	return exitStatus(code)
}

func (s *shell) listJobs(_ context.Context, hc interp.HandlerContext, _ []string) error {
	s.report(hc.Stdout, true)
	return nil
}

// report tells which jobs have ended, and with running also which have not.
func (s *shell) report(w io.Writer, running bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, j := range s.jobs {
		select {
		case <-j.done:
			if !j.told {
				fmt.Fprintf(w, "[%d] Done(%d)  %s\n", i+1, j.code, j.text)
			}
			j.told = true
		default:
			if running {
				fmt.Fprintf(w, "[%d] Running  %s &\n", i+1, j.text)
			}
		}
	}
}

// kill is the applet, inside the shell: one must be able to end processes when no more can be started. It knows %N.
func (s *shell) kill(_ context.Context, hc interp.HandlerContext, args []string) error {
	t := &tool{name: "kill", out: bufio.NewWriter(hc.Stdout), err: hc.Stderr}
	for _, arg := range args[1:] {
		if j := s.find(arg); j != nil && strings.HasPrefix(arg, "%") {
			arg = strconv.Itoa(j.pid)
		}
		t.args = append(t.args, arg)
	}
	return exitStatus(t.finish(kill(t), "[-SIGNAL] PID|%JOB..."))
}
