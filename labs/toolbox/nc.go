package toolbox

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// nc joins standard input and output to a TCP connection, from either side. -z only knocks.
func nc(t *tool) error {
	o, err := parse("lp:kuzvnw:s:", t.args)
	if err != nil {
		return err
	}
	seconds, err := o.seconds('w', 0)
	if err != nil {
		return err
	}
	wait, protocol := time.Duration(seconds*float64(time.Second)), "tcp"
	if o.has("u") {
		protocol = "udp"
	}
	if o.has("l") {
		return listen(o, protocol, wait)
	}
	if len(o.rest) != 2 {
		return usageError("a host and a port, please")
	}
	address := net.JoinHostPort(o.rest[0], o.rest[1])
	connection, err := (&net.Dialer{Timeout: wait}).Dial(protocol, address)
	if err != nil {
		if o.has("z") && !o.has("v") {
			return exitCode(1)
		}
		return fmt.Errorf("%s (%s): %s", o.rest[0], address, cause(err))
	}
	defer connection.Close()
	if o.has("v") {
		fmt.Fprintf(os.Stderr, "%s (%s) open\n", o.rest[0], connection.RemoteAddr())
	}
	if o.has("z") {
		return nil
	}
	return join(connection, wait)
}

func listen(o options, protocol string, wait time.Duration) error {
	host, port := o.value('s', ""), o.value('p', "")
	switch len(o.rest) {
	case 1:
		port = o.rest[0] // nc -l 8080
	case 2:
		host, port = o.rest[0], o.rest[1]
	}
	if port == "" {
		return usageError("which port? -p PORT")
	}
	address := net.JoinHostPort(host, port)
	if protocol == "udp" {
		return receive(address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("bind %s: %s", address, cause(err))
	}
	for {
		connection, err := l.Accept()
		if err != nil {
			return err
		}
		if !o.has("k") {
			l.Close()
		}
		if o.has("v") {
			fmt.Fprintf(os.Stderr, "connect from %s\n", connection.RemoteAddr())
		}
		err = join(connection, wait)
		connection.Close()
		if !o.has("k") {
			return err
		}
	}
}

func receive(address string) error {
	packets, err := net.ListenPacket("udp", address)
	if err != nil {
		return fmt.Errorf("bind %s: %s", address, cause(err))
	}
	buf := make([]byte, 64<<10)
	for {
		n, _, err := packets.ReadFrom(buf)
		if err != nil {
			return err
		}
		os.Stdout.Write(buf[:n])
	}
}

// join copies both ways until the other side has said all. Our own end of input is passed on as a half-closed
// connection: the other side may still answer.
func join(connection net.Conn, idle time.Duration) error {
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		io.Copy(connection, os.Stdin)
		if half, ok := connection.(interface{ CloseWrite() error }); ok {
			half.CloseWrite()
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		if idle > 0 {
			connection.SetReadDeadline(time.Now().Add(idle))
		}
		n, err := connection.Read(buf)
		if _, err := os.Stdout.Write(buf[:n]); err != nil {
			return err
		}
		if errors.Is(err, io.EOF) {
			return rest(sent)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return errors.New(cause(err))
		}
	}
}

// rest lets out what already waits on standard input: the other side has said all, but it may still listen.
func rest(sent chan struct{}) error {
	for {
		select {
		case <-sent:
			return nil
		case <-time.After(time.Millisecond):
		}
		waiting := []unix.PollFd{{Fd: 0, Events: unix.POLLIN}}
		if n, _ := unix.Poll(waiting, 0); n < 1 {
			return nil
		}
	}
}

// cause is the errno at the bottom of a network error, which the layers above repeat in other words.
func cause(err error) string {
	var errno unix.Errno
	if errors.As(err, &errno) {
		return reason(errno)
	}
	var lookup *net.DNSError
	if errors.As(err, &lookup) {
		return "bad address '" + lookup.Name + "'"
	}
	return err.Error()
}
