//go:build box

package main

import (
	"fmt"
	"io"
	"net"
	"strings"
)

var published = list("p", "HOST:CONTAINER, a port of the host's that leads to one of COMMAND's")

// publish listens on the host's ports, at all of its addresses. box itself hands on what comes: its sockets end with it,
// however it ends, so there is no rule that could stay behind. Docker has the kernel do it, by rewriting addresses; that
// is faster, and has to be undone by somebody.
func publish() error {
	for _, p := range *published {
		outer, inner, found := strings.Cut(p, ":")
		ip, _, _ := strings.Cut(*address, "/")
		if !found || ip == "" {
			return fmt.Errorf("-p %s: HOST:CONTAINER is needed, and --net with --ip", p)
		}
		listener, err := net.Listen("tcp", ":"+outer)
		if err != nil {
			return fmt.Errorf("-p %s: %w", p, err)
		}
		go serve(listener, net.JoinHostPort(ip, inner))
	}
	return nil
}

// serve gives each connection goroutines of its own: one that stands still holds up nobody.
func serve(listener net.Listener, to string) {
	for {
		outer, err := listener.Accept()
		if err != nil {
			return
		}
		go join(outer.(*net.TCPConn), to)
	}
}

// join makes one connection of two, until both directions have ended.
func join(outer *net.TCPConn, to string) {
	defer outer.Close()
	conn, err := net.Dial("tcp", to)
	if err != nil {
		return // COMMAND does not listen: whoever has called is hung up on
	}
	inner := conn.(*net.TCPConn)
	defer inner.Close()
	done := make(chan struct{})
	go func() {
		carry(inner, outer)
		close(done)
	}()
	carry(outer, inner)
	<-done
}

// carry copies one direction to its end and hands the end on, too: the other direction may have more to say.
func carry(to, from *net.TCPConn) {
	io.Copy(to, from)
	to.CloseWrite()
}
