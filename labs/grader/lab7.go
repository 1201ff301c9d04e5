package grader

import (
	"fmt"
	"net/netip"
	"strings"

	"golang.org/x/sys/unix"
)

var portChecks = []Check{
	{ID: "lab7.port", Title: "HOST on the host's 127.0.0.1 leads to COMMAND's CONTAINER", Points: 3, Man: "tcp(7)", Read: "By hand", Run: onLan(portOnLoopback),
		Hints: []string{"curl 127.0.0.1:HOST on the host, while COMMAND listens on CONTAINER", "listen on HOST; connect to ADDR:CONTAINER for each caller; copy both ways", "or with rules: 127.0.0.1 passes by PREROUTING, and needs OUTPUT and route_localnet"}},
	{ID: "lab7.outside", Title: "and so does HOST at every other address of the host's", Points: 3, Needs: []string{"lab7.port"}, Man: "ip(7)", Read: "Run it", Run: onLan(portFromOutside),
		Hints: []string{"who comes from another machine does not come by 127.0.0.1", "ss -ltn: at which address does box listen?", `net.Listen("tcp", ":8080"), not "127.0.0.1:8080"`}},
	{ID: "lab7.two", Title: "two boxes may both have the same CONTAINER", Points: 2, Needs: []string{"lab7.port"}, Man: "network_namespaces(7)", Read: "Run it", Run: onLan(sameInnerPort),
		Hints: []string{"each network namespace has all 65535 ports", "only HOST is taken on the host", ""}},
	{ID: "lab7.many", Title: "a caller who is silent holds up no other", Points: 2, Needs: []string{"lab7.port"}, Man: "accept(2)", Read: "Build it", Run: onLan(manyCallers),
		Hints: []string{"a browser opens six connections, and uses one", "accept again before the first connection has ended", "a goroutine, a thread or a process for each connection"}},
	{ID: "lab7.stream", Title: "all that is said arrives, also what is answered after the caller has ended its half", Points: 2, Needs: []string{"lab7.port"}, Man: "shutdown(2)", Read: "Build it", Run: onLan(halfClosed),
		Hints: []string{"a connection has two directions, and each ends by itself", "hand the end of one direction on with shutdown(SHUT_WR); close when both have ended", "to.(*net.TCPConn).CloseWrite() after io.Copy(to, from)"}},
	{ID: "lab7.busy", Title: "a port that is taken: 125, the port's number on stderr, and no COMMAND", Points: 2, Needs: []string{"lab7.port"}, Man: "bind(2)", Read: "By hand", Run: onLan(portBusy),
		Hints: []string{"bind answers EADDRINUSE", "take the port before anything else is made", "rules alone do not notice that a port is taken: listen on it as well"}},
	{ID: "lab7.left", Title: "nothing stays: no port, no rule, no link, no process", Points: 3, Needs: []string{"lab7.port"}, Man: "close(2)", Read: "Run it", Run: onLan(portGone),
		Hints: []string{"ss -ltnp and nft list ruleset on the host, when box has ended", "a socket goes with its last process; a rule stays until someone deletes it", ""}},
	{ID: "lab7.killed", Title: "box killed by SIGKILL, at any step: the next box gets the port", Points: 3, Needs: []string{"lab7.left"}, Man: "prctl(2)", Read: "Build it", Run: onLan(portAfterKill),
		Hints: []string{"SIGKILL cannot be caught: whoever forwards must die with box", "forward in box itself, or set PR_SET_PDEATHSIG for whoever does", "SO_REUSEADDR: a listener may take a port whose old connections have not quite gone"}},
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
