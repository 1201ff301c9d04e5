package grader

import (
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What box has put in the place of a file that a check reads makes nobody wait, fills no memory, and shows nothing of the host's.
func TestAFileOfBoxsIsReadWithCare(t *testing.T) {
	s := sandboxed(t)
	secret := "/tmp/secret-" + s.Word()
	require.NoError(t, os.WriteFile(secret, []byte("of the host"), 0o644))
	t.Cleanup(func() { os.Remove(secret) })
	done, said := s.does(t, "mkfifo fifo; dd if=/dev/zero of=huge bs=1 count=1 seek=8000000000 2>&1; ln -s "+secret+" link; ln -s plain other; echo -n here > plain")
	require.True(t, done, said)
	init := Process(s.PID)
	require.Contains(t, init.inside("/tmp/fifo"), "no regular file")
	require.Len(t, init.inside("/tmp/huge"), outputLimit)
	require.Equal(t, "no such file", init.inside("/tmp/link"))
	require.Equal(t, "here", init.inside("/tmp/other"), "the control")
	_, err := s.print("/tmp")
	require.NoError(t, err, "a FIFO has no content")
}

// Nor does an answer that never ends.
func TestAnAnswerIsTakenOnlySoFar(t *testing.T) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		for zeros := make([]byte, 1<<16); err == nil; {
			_, err = conn.Write(zeros)
		}
	}()
	conn, err := net.Dial("tcp4", listener.Addr().String())
	require.NoError(t, err)
	defer conn.Close()
	answer, err := tellLine(conn, "hello", time.Minute)
	require.Error(t, err)
	require.Len(t, answer, lineLimit)

	served, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer served.Close()
	go serveAll(served, "word")
	conn, err = net.Dial("tcp4", served.Addr().String())
	require.NoError(t, err)
	answer, err = tellAll(conn.(*net.TCPConn), strings.Repeat("x", 3*outputLimit), time.Minute)
	require.LessOrEqual(t, len(answer), 2*outputLimit+len("word "))
}
