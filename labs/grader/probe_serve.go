package grader

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"time"
)

// probeServe listens at every address. What it answers begins with its own word, so that it cannot be taken for another box.
func probeServe(args []string) int {
	listener, err := net.Listen("tcp4", ":"+args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, "probe:", err)
		return 1
	}
	tell(ready)
	serveAll(listener, args[1])
	return 0
}

// serveAll answers each line that comes, and at the end of what comes, what stood behind the last line.
func serveAll(listener net.Listener, word string) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			for lines := bufio.NewReader(io.LimitReader(conn, 2*outputLimit)); err == nil; {
				var line string
				line, err = lines.ReadString('\n')
				io.WriteString(conn, word+" "+line)
			}
		}()
	}
}

// lineLimit is more than any answer to a line: whoever answers may be box, and never end it.
const lineLimit = 64 << 10

// tellLine sends a line and waits for the answer to it.
func tellLine(conn net.Conn, line string, patience time.Duration) (string, error) {
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, line+"\n"); err != nil {
		return "", err
	}
	return bufio.NewReader(io.LimitReader(conn, lineLimit)).ReadString('\n')
}

// tellAll sends a text and its end, and waits for the answer and the end of that.
func tellAll(conn *net.TCPConn, text string, patience time.Duration) (string, error) {
	conn.SetDeadline(time.Now().Add(patience))
	go func() {
		io.WriteString(conn, text)
		conn.CloseWrite()
	}()
	answer, err := io.ReadAll(io.LimitReader(conn, outputLimit))
	return string(answer), err
}
