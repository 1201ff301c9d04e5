package grader

import (
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"
)

var portLooks = looks{
	"lab7.port":    onLan(portOnLoopback),
	"lab7.outside": onLan(portFromOutside),
	"lab7.two":     onLan(sameInnerPort),
	"lab7.many":    onLan(manyCallers),
	"lab7.stream":  onLan(halfClosed),
	"lab7.busy":    onLan(portBusy),
	"lab7.left":    onLan(portGone),
	"lab7.killed":  onLan(portAfterKill),
}

// A publication is a box whose COMMAND can be reached on the host's port.
type publication struct {
	box     *Box
	command Process
	port    uint16
	word    string
}

// published starts one: COMMAND listens on inner, which is port on the host.
func (l *lan) published(port, inner uint16) (publication, error) {
	p := publication{port: port, word: l.Word()}
	_, flags := l.flags()
	flags = append(flags, "-p", fmt.Sprintf("%d:%d", port, inner))
	var err error
	p.box, p.command, err = l.Holds(with(flags, "serve", fmt.Sprint(inner), p.word)...)
	return p, err
}

// ports are two that differ.
func (l *lan) ports() (uint16, uint16) { return l.port(), l.port() + 20000 }

func loopback(port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
}

// answers fails unless the box is reached on the host's loopback.
func (l *lan) answers(p publication) error {
	return l.reaches(l.network(), loopback(p.port), p.word, "the host", "COMMAND")
}

func portOnLoopback(l *lan) error {
	p, err := l.published(l.ports())
	if err != nil {
		return err
	}
	return l.answers(p)
}

func portFromOutside(l *lan) error {
	p, err := l.published(l.ports())
	if err != nil {
		return err
	}
	if err := l.reaches(l.beyond(), netip.AddrPortFrom(l.uplink, p.port), p.word, "another host", "COMMAND"); err != nil {
		return err
	}
	return l.reaches(l.network(), netip.AddrPortFrom(l.uplink, p.port), p.word, "the host itself", "COMMAND")
}

func sameInnerPort(l *lan) error {
	first, inner := l.ports()
	one, err := l.published(first, inner)
	if err != nil {
		return err
	}
	two, err := l.published(first+1, inner)
	if err != nil {
		return err
	}
	if err := l.answers(one); err != nil {
		return err
	}
	return l.answers(two)
}

func manyCallers(l *lan) error {
	p, err := l.published(l.ports())
	if err != nil {
		return err
	}
	for range 3 {
		silent, err := l.calls(l.network(), loopback(p.port))
		if err != nil {
			return wrong("the host to reach COMMAND", err.Error())
		}
		defer silent.Close()
	}
	return l.answers(p)
}

func halfClosed(l *lan) error {
	p, err := l.published(l.ports())
	if err != nil {
		return err
	}
	conn, err := l.calls(l.network(), loopback(p.port))
	if err != nil {
		return wrong("the host to reach COMMAND", err.Error())
	}
	defer conn.Close()
	text := strings.Repeat(l.Word(), 30000) + l.Word()
	answer, err := tellAll(conn, text, l.patience)
	if err != nil {
		return wrong(fmt.Sprintf("an answer of %d bytes, and its end, when the caller has sent as many and ended", len(text)), fmt.Sprintf("%d bytes, and then: %v", len(answer), err))
	}
	return same("the answer", p.word+" "+text, answer)
}

func portBusy(l *lan) error {
	port, inner := l.ports()
	listener, err := listens(l.network(), netip.AddrPortFrom(netip.IPv4Unspecified(), port), l.Word())
	if err != nil {
		return err
	}
	defer listener.Close()
	word := l.Word()
	_, flags := l.flags()
	box, err := l.Ends("", with(append(flags, "-p", fmt.Sprintf("%d:%d", port, inner)), "say", word)...)
	if err != nil {
		return err
	}
	if strings.Contains(box.Stdout.String(), word) {
		return wrong(fmt.Sprintf("box to give up: another program listens on %d", port), "COMMAND ran")
	}
	if err := refused(box, "125"); err != nil {
		return err
	}
	if !strings.Contains(box.Stderr.String(), fmt.Sprint(port)) {
		return wrong(fmt.Sprintf("the port, %d, on stderr", port), quote(firstLine(box.Stderr.String())))
	}
	return l.clean()
}

func portGone(l *lan) error {
	p, err := l.published(l.ports())
	if err != nil {
		return err
	}
	if err := l.answers(p); err != nil {
		return err
	}
	unix.Kill(int(p.command), unix.SIGKILL)
	if err := p.box.Wait(); err != nil {
		return err
	}
	if err := l.clean(); err != nil {
		return err
	}
	if conn, err := l.calls(l.network(), loopback(p.port)); err == nil {
		conn.Close()
		return wrong(fmt.Sprintf("nobody on port %d when box has ended", p.port), "a connection")
	}
	return nil
}

func portAfterKill(l *lan) error {
	port, inner := l.ports()
	args := func(words ...string) []string {
		_, flags := l.flags()
		return with(append(flags, "-p", fmt.Sprintf("%d:%d", port, inner)), words...)
	}
	if err := l.killedMidStart(func() []string { return args("hold") }); err != nil {
		return err
	}
	next, err := l.published(port, inner)
	if err != nil {
		return err
	}
	if err := l.answers(next); err != nil {
		return err
	}
	unix.Kill(int(next.command), unix.SIGKILL)
	if err := next.box.Wait(); err != nil {
		return err
	}
	return l.nextFindsNothing(args("exit", "0"))
}
