package grader

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

var processLooks = looks{
	"lab1.argv":    argv,
	"lab1.stdout":  stdout,
	"lab1.stderr":  stderr,
	"lab1.live":    live,
	"lab1.stdin":   stdin,
	"lab1.env":     env,
	"lab1.exit":    exitCode,
	"lab1.killed":  killed,
	"lab1.term":    term,
	"lab1.missing": missing,
	"lab1.denied":  denied,
	"lab1.left":    nothingLeft1,
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
