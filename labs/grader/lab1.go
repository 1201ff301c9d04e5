package grader

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// Labs are the tables of checks. Those of a lab must pass with the solutions of all later labs too, in which COMMAND
// is PID 1 and ignores every signal that it has no handler for.
var Labs = []Lab{
	{1, "1-bare-process", bareProcess},
	{2, "2-namespaces", namespaceChecks},
	{3, "3-cgroups", cgroupChecks},
	{4, "4-layers", layerChecks},
	{5, "5-image", imageChecks},
	{6, "6-network", networkChecks},
	{7, "7-ports", portChecks},
}

var bareProcess = []Check{
	{ID: "lab1.argv", Title: "COMMAND gets its arguments as they are: spaces, quotes, empty ones", Points: 3, Man: "execve(2)", Read: "By hand", Run: argv,
		Hints: []string{"the arguments after -- are a list, and they must stay one", "no shell may read them: a shell splits, globs and expands", "exec.Command(args[0], args[1:]...), execvp(argv[0], argv), subprocess without shell=True"}},
	{ID: "lab1.stdout", Title: "stdout carries what COMMAND writes, byte for byte, and nothing else", Points: 2, Man: "dup(2)", Read: "By hand", Run: stdout,
		Hints: []string{"whatever box itself has to say belongs on stderr", "COMMAND must inherit descriptor 1: no copying, no converting, no banner", "command.Stdout = os.Stdout"}},
	{ID: "lab1.stderr", Title: "stderr stays apart from stdout", Points: 1, Man: "dup(2)", Read: "By hand", Run: stderr,
		Hints: []string{"there are two streams, and both must arrive", "COMMAND must inherit descriptor 2 as it is", "command.Stderr = os.Stderr"}},
	{ID: "lab1.live", Title: "output arrives at once, and not when COMMAND has ended", Points: 1, Man: "pipe(7)", Read: "By hand", Run: live,
		Hints: []string{"who waits for the end of the output cannot hold a conversation", "do not collect the output: let COMMAND write to box's own descriptors", "command.Run, not command.Output"}},
	{ID: "lab1.stdin", Title: "COMMAND reads box's stdin, to its end", Points: 2, Man: "dup(2)", Read: "Break it", Run: stdin,
		Hints: []string{"COMMAND needs descriptor 0", "an empty input looks like /dev/null: that is what many libraries give if you say nothing", "command.Stdin = os.Stdin"}},
	{ID: "lab1.env", Title: "COMMAND gets box's environment and current directory", Points: 1, Man: "environ(7)", Read: "By hand", Run: env,
		Hints: []string{"a new process inherits both unless someone changes them", "do not pass an environment of your own, and do not chdir", "execve(path, argv, environ)"}},
	{ID: "lab1.exit", Title: "box ends with COMMAND's exit code", Points: 2, Man: "wait(2)", Read: "By hand", Run: exitCode,
		Hints: []string{"scripts rely on it: box run -- false || echo no", "wait4 gives a status; the code is in its second byte: WEXITSTATUS", "os.Exit(command.ProcessState.ExitCode())"}},
	{ID: "lab1.killed", Title: "COMMAND killed by signal n: box ends with 128+n", Points: 2, Needs: []string{"lab1.exit"}, Man: "wait(2)", Read: "By hand", Run: killed,
		Hints: []string{"a process that was killed has no exit code; shells say 128+n", "WIFSIGNALED and WTERMSIG tell", "status.Signaled(), 128+int(status.Signal())"}},
	{ID: "lab1.term", Title: "SIGTERM sent to box reaches COMMAND", Points: 2, Needs: []string{"lab1.exit"}, Man: "kill(2)", Read: "Run it", Run: term,
		Hints: []string{"whoever stops box means COMMAND", "catch SIGTERM in box, send it to COMMAND's PID, and go on waiting", "signal.Notify(c, syscall.SIGTERM); command.Process.Signal(<-c)"}},
	{ID: "lab1.missing", Title: "a COMMAND that is not there: 127, and a word on stderr", Points: 1, Needs: []string{"lab1.exit"}, Man: "execve(2)", Read: "By hand", Run: missing,
		Hints: []string{"127 is what every shell says: command not found", "execve answers ENOENT", "errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist)"}},
	{ID: "lab1.denied", Title: "a COMMAND that may not be executed: 126, and a word on stderr", Points: 1, Needs: []string{"lab1.exit"}, Man: "execve(2)", Read: "By hand", Run: denied,
		Hints: []string{"126 is what every shell says: found, but cannot be run", "execve answers EACCES", "errors.Is(err, fs.ErrPermission)"}},
	{ID: "lab1.left", Title: "no process stays behind, and no zombie", Points: 2, Needs: []string{"lab1.exit"}, Man: "wait(2)", Read: "By hand", Run: nothingLeft1,
		Hints: []string{"a process that has ended stays in the table until its parent has asked how", "every fork needs a wait", "command.Wait after every command.Start"}},
}

// tool is how box is told to run a probe: tutor itself, along PATH, so that it can be typed on the host as well.
func tool(words ...string) []string { return append([]string{"run", "--", "tutor", "probe"}, words...) }

// Ends runs box to its end with this on its stdin.
func (s *Sandbox) Ends(stdin string, args ...string) (*Box, error) {
	box, err := s.Box(args...)
	if err != nil {
		return nil, err
	}
	box.Say(stdin, true)
	if _, box.never = box.Command(); box.never != nil && !box.Ended() {
		return box, box.never
	}
	return box, box.Wait()
}

// Ran says why COMMAND never ran, if so: what it would have printed, and how it would have ended, box could do as well.
func (b *Box) Ran() error { return b.never }

// Holds starts box and waits until its COMMAND stands still, to be looked at.
func (s *Sandbox) Holds(args ...string) (*Box, Process, error) {
	box, err := s.Box(args...)
	if err != nil {
		return nil, 0, err
	}
	command, err := box.Command()
	return box, command, err
}

func argv(s *Sandbox) error {
	odd := []string{s.Word() + "  two spaces", "", `it's "quoted"`, "*", "$HOME", "a;b", "-n", "--", "tab\tnewline\n", s.Word()}
	s.Shuffle(len(odd), func(i, j int) { odd[i], odd[j] = odd[j], odd[i] })
	args := tool(append([]string{"hold"}, odd...)...)
	_, command, err := s.Holds(args...)
	if err != nil {
		return err
	}
	return same("argv", shellWords(args[2:]), shellWords(command.Args()))
}

func stdout(s *Sandbox) error {
	text := s.Word() + "\n\x00\xff\r\n" + s.Word()
	box, err := s.Ends("", tool("say-hex", fmt.Sprintf("%x", text))...)
	if err != nil {
		return err
	}
	return cmp.Or(same("stdout", text, box.Stdout.String()), box.Ran())
}

func stderr(s *Sandbox) error {
	out, aside := s.Word(), s.Word()
	box, err := s.Ends("", tool("say", out, aside)...)
	if err != nil {
		return err
	}
	if strings.Contains(box.Stdout.String(), aside) {
		return wrong(quote(aside)+" on stderr only", "it is on stdout")
	}
	if !strings.Contains(box.Stderr.String(), aside) {
		return wrong(quote(aside)+" on stderr", quote(firstLine(box.Stderr.String())))
	}
	return box.Ran()
}

func live(s *Sandbox) error {
	text := s.Word()
	box, _, err := s.Holds(tool("tell", text)...)
	if err != nil {
		return err
	}
	if !s.until(func() bool { return strings.Contains(box.Stdout.String(), text) }) {
		return wrong(quote(text)+" while COMMAND still runs", quote(box.Stdout.String()))
	}
	return nil
}

func stdin(s *Sandbox) error {
	text := s.Bytes(70000) // more than a pipe holds
	box, err := s.Ends(text, tool("cat")...)
	if err != nil {
		return err
	}
	if got := box.Stdout.String(); !strings.Contains(got, text) {
		return same("to read all that was written,", text, got)
	}
	return box.Ran()
}

func env(s *Sandbox) error {
	variable, dir := "TUTOR_"+strings.ToUpper(s.Word())+"="+s.Word(), "/usr"
	box, err := s.box(command{args: tool("hold"), env: []string{variable}, dir: dir})
	if err != nil {
		return err
	}
	command, err := box.Command()
	if err != nil {
		return err
	}
	if !slices.Contains(command.Env(), variable) {
		return wrong(variable+" in COMMAND's environment", fmt.Sprintf("%d variables, without it", len(command.Env())))
	}
	return same("current directory", dir, command.Link("cwd"))
}

func exitCode(s *Sandbox) error {
	for range 2 {
		code := s.Code()
		box, err := s.Ends("", tool("exit", code)...)
		if err != nil {
			return err
		}
		if box.Code() != code {
			return wrong("exit code "+code, box.Status())
		}
		if err := box.Ran(); err != nil {
			return err
		}
	}
	return nil
}

func killed(s *Sandbox) error {
	box, command, err := s.Holds(tool("hold")...)
	if err != nil {
		return err
	}
	unix.Kill(int(command), unix.SIGKILL)
	if err := box.Wait(); err != nil {
		return err
	}
	if box.Code() != "137" || box.status.Signaled() {
		return wrong("exit code 137, 128+SIGKILL", box.Status())
	}
	return nil
}

func term(s *Sandbox) error {
	code := s.Code()
	box, _, err := s.Holds(tool("trap", code)...)
	if err != nil {
		return err
	}
	box.Signal(unix.SIGTERM)
	if err := box.Wait(); err != nil {
		return wrong("COMMAND to hear SIGTERM", err.(*Failure).Got)
	}
	if box.Code() != code {
		return wrong("exit code "+code+", which COMMAND ends with on SIGTERM", box.Status())
	}
	return nil
}

func missing(s *Sandbox) error {
	box, err := s.Ends("", "run", "--", s.Word())
	if err != nil {
		return err
	}
	return refused(box, "127")
}

func denied(s *Sandbox) error {
	box, err := s.Ends("", "run", "--", "/etc/passwd")
	if err != nil {
		return err
	}
	return refused(box, "126")
}

func refused(box *Box, code string) error {
	if box.Code() != code {
		return wrong("exit code "+code, box.Status())
	}
	if strings.TrimSpace(box.Stderr.String()) == "" {
		return wrong("a word on stderr", "silence")
	}
	return nil
}

func nothingLeft1(s *Sandbox) error {
	box, err := s.Ends("", tool("say", s.Word())...)
	if err != nil {
		return err
	}
	return cmp.Or(s.clean(), box.Ran())
}

// clean fails if box has left something behind.
func (s *Sandbox) clean(hints ...string) error {
	if left := s.Left(); len(left) > 0 {
		return wrong("nothing to be left in the sandbox", strings.Join(left, ", "), hints...)
	}
	return nil
}
