package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"tutor/runtime/pace"
)

// A screen is a real pseudo-terminal with everything that was written on it.
type screen struct {
	t      *testing.T
	master *os.File
	mu     sync.Mutex
	text   strings.Builder
}

// attach starts nothing: it gives cmd a new terminal as its input, output, errors and controlling terminal.
func attach(t *testing.T, cmd *exec.Cmd) *screen {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	tty, err := unix.Open(fmt.Sprintf("/dev/pts/%d", number), unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	slave := os.NewFile(uintptr(tty), "tty")
	s := &screen{t: t, master: os.NewFile(uintptr(fd), "ptmx")}
	s.resize(24, 80)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	go func() {
		buffer := make([]byte, 4096)
		for {
			n, err := s.master.Read(buffer)
			s.mu.Lock()
			s.text.Write(buffer[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		if cmd.Process != nil {
			exec.Command("pkill", "-KILL", "-s", strconv.Itoa(cmd.Process.Pid)).Run() // of a test that failed half-way, and what a shell was to do yet
			cmd.Wait()
		}
		slave.Close()
		s.master.Close()
	})
	return s
}

func (s *screen) resize(rows, columns uint16) {
	require.NoError(s.t, unix.IoctlSetWinsize(int(s.master.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: rows, Col: columns}))
}

// press types text, as it is: "\x03" is Ctrl-C.
func (s *screen) press(text string) {
	_, err := s.master.WriteString(text)
	require.NoError(s.t, err)
}

func (s *screen) shown() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// sees waits until text is on the screen, and forgets everything up to it.
func (s *screen) sees(text string) {
	s.t.Helper()
	deadline := time.Now().Add(pace.Times(20 * time.Second))
	for {
		s.mu.Lock()
		_, after, found := strings.Cut(s.text.String(), text)
		if found {
			s.text.Reset()
			s.text.WriteString(after)
		}
		s.mu.Unlock()
		if found {
			return
		}
		require.True(s.t, time.Now().Before(deadline), "%q never came; on the screen:\n%s", text, s.shown())
		time.Sleep(2 * time.Millisecond)
	}
}
