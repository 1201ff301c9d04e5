package labs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// An Outcome is what a command came to.
type Outcome struct {
	Command
	Got         string
	Status      int
	Ran         bool // a command after one that ended the shell does not
	Differences []difference
	Wrong       string // how it ended, if that is not as promised
}

// Kept tells if the command did what the lesson says.
func (o Outcome) Kept() bool { return o.Ran && o.Differences == nil && o.Wrong == "" }

// ErrStopped is for commands that the person has stopped.
var ErrStopped = errors.New("stopped")

// loop is what bash runs: a line at a time, as if typed, each in the same shell and with the status of the one
// before; what it prints goes where the shell's own messages go. The lines come by one pipe and the exit codes go by
// another, on descriptors that no command sees.
const loop = `exec 60<&3 61>&4 3<&- 4>&-
while IFS= read -r -d '' -u 60 LAB_LINE; do
[ "${LAB_STATUS:-0}" = 0 ] || (exit $LAB_STATUS)
eval "$LAB_LINE" 60<&- 61>&-
LAB_STATUS=$?
echo $LAB_STATUS >&61
done`

// A shell is a bash that runs the commands of one step.
type shell struct {
	cmd           *exec.Cmd
	lines         *os.File // to it
	codes, output int      // from it: descriptors that never block
}

// Run runs the commands of a step in one shell, one after the other, and tells after each. When ctx ends the
// shell and all that it has started are stopped, and the error is ErrStopped; what the last command has written until
// then is told, too.
func (r *Room) Run(ctx context.Context, s Step, env []string, each func(Outcome)) error {
	sh, err := r.shell(env)
	if err != nil {
		return err
	}
	defer sh.close()
	for i, c := range s.Commands {
		o := Outcome{Command: c}
		o.Got, o.Status, o.Ran, err = sh.run(ctx, s.typed(c))
		if errors.Is(err, ErrStopped) {
			each(o)
		}
		if err != nil {
			return err
		}
		o.judge(s.When, i == len(s.Commands)-1)
		each(o)
	}
	return nil
}

// judge compares with what the lesson promises.
func (o *Outcome) judge(w When, last bool) {
	want := 0
	if last {
		want = w.Exit
	}
	if !o.Ran {
		o.Wrong = "it did not run: the command before it has ended the shell"
		return
	}
	o.Differences = differences(o.Promised, o.Got)
	if o.Status != want {
		o.Wrong = fmt.Sprintf("exit code %d, and the lesson promised %d", o.Status, want)
	}
}

// typed is what the shell gets: a line for the container is run in there.
func (s Step) typed(c Command) string {
	if c.Where != Container {
		return c.Line
	}
	return "tutor exec " + quoteWord(s.When.Container) + " sh -c " + quoteWord(c.Line)
}

func quoteWord(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

func (r *Room) shell(env []string) (*shell, error) {
	var pipes [3][2]int // lines, codes, output
	for i := range pipes {
		if err := unix.Pipe2(pipes[i][:], unix.O_CLOEXEC); err != nil {
			return nil, err
		}
	}
	lines, codes, output := os.NewFile(uintptr(pipes[0][0]), "lines"), os.NewFile(uintptr(pipes[1][1]), "codes"), os.NewFile(uintptr(pipes[2][1]), "output")
	cmd := exec.Command("bash", "--norc", "-c", loop, "bash")
	cmd.Dir, cmd.Env = r.Dir, r.Environ(env...)
	cmd.Stdout, cmd.Stderr = output, output
	cmd.ExtraFiles = []*os.File{lines, codes}
	err := cmd.Start()
	for _, theirs := range []*os.File{lines, codes, output} {
		theirs.Close()
	}
	sh := &shell{cmd: cmd, lines: os.NewFile(uintptr(pipes[0][1]), "lines"), codes: pipes[1][0], output: pipes[2][0]}
	if err != nil {
		sh.close()
		return nil, fmt.Errorf("the labs need bash: %w", err)
	}
	return sh, errors.Join(unix.SetNonblock(sh.codes, true), unix.SetNonblock(sh.output, true))
}

// run gives the shell a line and waits for its exit code. By then all that the line's own processes have written is
// in the pipe; what it left running may write later.
func (sh *shell) run(ctx context.Context, line string) (output string, status int, ran bool, err error) {
	if _, failed := io.WriteString(sh.lines, line+"\x00"); failed != nil {
		sh.cmd.Wait() // the shell has ended
		if exitStatus(sh.cmd.ProcessState) == interrupted {
			err = ErrStopped // the person was faster with Ctrl-C than the shell with its first line
		}
		return "", 0, false, err
	}
	var out, code strings.Builder
	for {
		if ctx.Err() != nil {
			sh.stop()
			drain(sh.output, &out)
			return out.String(), 0, false, ErrStopped
		}
		poll := []unix.PollFd{{Fd: int32(sh.output), Events: unix.POLLIN}, {Fd: int32(sh.codes), Events: unix.POLLIN}}
		if _, err := unix.Poll(poll, 50); err != nil && err != unix.EINTR {
			return "", 0, false, err
		}
		told := drain(sh.codes, &code)
		drain(sh.output, &out)
		if text, found := strings.CutSuffix(code.String(), "\n"); found {
			status, err := strconv.Atoi(text)
			return out.String(), status, true, err
		}
		if !told { // "exit 3" ends the shell, not only the line
			sh.cmd.Wait()
			drain(sh.output, &out)
			status := exitStatus(sh.cmd.ProcessState)
			if status == interrupted {
				return out.String(), status, false, ErrStopped // the person was faster with Ctrl-C than we are
			}
			return out.String(), status, true, nil
		}
	}
}

// most is how much of an output is kept; a lesson shows a screenful.
const most = 256 << 10

// drain reads what is there, which for a line that has ended is no more than a pipe holds; false: nothing will ever
// come again.
func drain(from int, to *strings.Builder) bool {
	buffer := make([]byte, 64<<10)
	for range 64 {
		n, err := unix.Read(from, buffer)
		if n > 0 {
			to.Write(buffer[:min(n, max(0, most-to.Len()))])
			continue
		}
		if err == unix.EINTR {
			continue
		}
		return err == unix.EAGAIN
	}
	return true
}

const interrupted = 128 + int(unix.SIGINT)

func exitStatus(state *os.ProcessState) int {
	if status, is := state.Sys().(syscall.WaitStatus); is && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

// stop ends the shell and whatever it waits for. At a terminal Ctrl-C has reached them already, and most end by
// themselves, and cleaner.
func (sh *shell) stop() {
	ended := make(chan struct{})
	go func() {
		sh.cmd.Wait()
		close(ended)
	}()
	for _, signal := range []unix.Signal{unix.SIGINT, unix.SIGKILL} {
		for _, pid := range descendants(sh.cmd.Process.Pid) {
			unix.Kill(pid, signal)
		}
		select {
		case <-ended:
			return
		case <-time.After(2 * time.Second):
		}
	}
	<-ended
}

// descendants are a process and all that it has started, as far as they are still its own.
func descendants(pid int) []int {
	found := []int{pid}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, word := range strings.Fields(string(children)) {
		if child, err := strconv.Atoi(word); err == nil {
			found = append(found, descendants(child)...)
		}
	}
	return found
}

// close ends the shell. What it left in the background keeps its output, which nobody reads any more; without a
// reader its first word would kill it.
func (sh *shell) close() {
	sh.lines.Close()
	if sh.cmd.Process != nil {
		sh.cmd.Wait()
	}
	unix.Close(sh.codes)
	unix.SetNonblock(sh.output, false)
	go func() {
		output := os.NewFile(uintptr(sh.output), "output")
		io.Copy(io.Discard, output)
		output.Close()
	}()
}
