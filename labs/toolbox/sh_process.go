package toolbox

import (
	"context"
	"io"
	"os"
	"os/exec"
	"os/signal"

	"golang.org/x/sys/unix"
	"mvdan.cc/sh/v3/interp"
)

// start starts a child and writes it down in one step, so that the reaper never takes it for an orphan.
// foreground is 1 for a child that the shell waits for.
func (s *shell) start(cmd *exec.Cmd, foreground int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := cmd.Start(); err != nil {
		return err
	}
	s.children[cmd.Process.Pid] = true
	s.busy += foreground
	return nil
}

// finished waits for a child and returns its exit code.
func (s *shell) finished(cmd *exec.Cmd, foreground int) int {
	cmd.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.children, cmd.Process.Pid)
	s.busy -= foreground
	return status(cmd.ProcessState)
}

// reap buries orphans. A process whose parent ended becomes a child of PID 1, and stays a zombie for ever if PID 1
// does not wait for it. Our own children are not touched: os/exec waits for them.
func (s *shell) reap() {
	died := make(chan os.Signal, 1)
	signal.Notify(died, unix.SIGCHLD)
	go func() {
		for range died {
			s.mu.Lock()
			all, _ := processes()
			for _, p := range all {
				if p.ppid == 1 && p.state == "Z" && !s.children[p.pid] {
					unix.Wait4(p.pid, nil, unix.WNOHANG, nil)
				}
			}
			s.mu.Unlock()
		}
	}()
}

// interrupted is what follows when Ctrl-C ended a child: the rest of the command line is dropped. The terminal
// sent the signal to the shell too; an interactive shell survives it, any other one dies of it unless it has a trap.
func (s *shell) interrupted(ctx context.Context, hc interp.HandlerContext, code int) error {
	if _, trapped := s.traps[unix.SIGINT]; trapped {
		return s.afterTraps(ctx, hc, code)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.interactive && s.cancel != nil {
		s.cancel()
	}
	return exitStatus(code)
}

// replace is exec: the command takes the shell's place, with its PID. The redirections become descriptors 0, 1 and 2
// by way of high numbers, or `exec 1>&2 2>&1` would overwrite one before it is copied.
func (s *shell) replace(_ context.Context, hc interp.HandlerContext, args []string) error {
	args = args[1:]
	path, err := lookPath(hc, args[0])
	if err != nil {
		return s.notReplaced(hc, args[0], err)
	}
	stdin, err := hereDocument(hc.Stdin)
	if err != nil {
		return err
	}
	var high [3]int
	for n, stream := range []any{stdin, hc.Stdout, hc.Stderr} {
		f, ok := stream.(*os.File)
		if !ok || f == nil {
			if f, err = os.OpenFile(os.DevNull, os.O_RDWR, 0); err != nil {
				return err
			}
		}
		if high[n], err = unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 10); err != nil {
			return err
		}
	}
	for n, fd := range high {
		if err := unix.Dup3(fd, n, 0); err != nil {
			return err
		}
	}
	if err := os.Chdir(hc.Dir); err != nil {
		return err
	}
	env := environment(hc.Env)
	err = unix.Exec(path, args, env)
	if err == unix.ENOEXEC {
		err = unix.Exec(self("sh"), append([]string{"sh", path}, args[1:]...), env)
	}
	return s.notReplaced(hc, args[0], err)
}

// hereDocument moves a here-document to a file in memory. It comes through a pipe that a goroutine of ours writes
// to, and that would be gone with the shell.
func hereDocument(stdin io.Reader) (io.Reader, error) {
	f, ok := stdin.(*os.File)
	if !ok || f == nil || f.Name() != "|0" { // what os.Pipe calls its end to read from
		return stdin, nil
	}
	fd, err := unix.MemfdCreate("here-document", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	memory := os.NewFile(uintptr(fd), "here-document")
	if _, err := io.Copy(memory, f); err != nil {
		return nil, err
	}
	_, err = memory.Seek(0, io.SeekStart)
	return memory, err
}

// notReplaced ends a script whose exec failed, as POSIX has it; an interactive shell stays.
func (s *shell) notReplaced(hc interp.HandlerContext, name string, err error) error {
	status := notFound(hc, name, err)
	if !s.interactive {
		os.Exit(startCode(err))
	}
	return status
}
