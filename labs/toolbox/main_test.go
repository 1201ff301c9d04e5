package toolbox

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// binVariable names a directory with a link for every applet, to this test binary: what /bin is in the image.
const binVariable = "TOOLBOX_TEST_BIN"

// TestMain makes the test binary the toolbox when it is called by an applet's name, as cmd/tutor's main does.
func TestMain(m *testing.M) {
	if name := filepath.Base(os.Args[0]); os.Getenv(binVariable) != "" {
		os.Exit(Main(name, os.Args[1:]))
	}
	dir, err := os.MkdirTemp("", "toolbox")
	if err != nil {
		panic(err)
	}
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	for _, name := range Applets() {
		if err := os.Symlink(self, filepath.Join(dir, name)); err != nil {
			panic(err)
		}
	}
	os.Setenv(binVariable, dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// A result is what a command said and how it ended.
type result struct {
	out, err string
	code     int
}

// command prepares a command of the toolbox: PATH holds nothing else.
func command(t *testing.T, dir string, words ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(filepath.Join(os.Getenv(binVariable), words[0]), words[1:]...)
	cmd.Args[0] = words[0]
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv(binVariable), binVariable + "=" + os.Getenv(binVariable), "LC_ALL=C", "HOME=/", "TZ=UTC"}
	return cmd
}

// run runs a command of the toolbox to its end.
func run(t *testing.T, dir, stdin string, words ...string) result {
	t.Helper()
	return finish(t, command(t, dir, words...), stdin)
}

// script runs a script in our sh.
func script(t *testing.T, dir, text string) result {
	t.Helper()
	return run(t, dir, "", "sh", "-c", text)
}

func finish(t *testing.T, cmd *exec.Cmd, stdin string) result {
	t.Helper()
	var out, err strings.Builder
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &err
	failed := cmd.Run()
	if _, ended := failed.(*exec.ExitError); failed != nil && !ended {
		require.NoError(t, failed)
	}
	return result{out.String(), err.String(), status(cmd.ProcessState)}
}

// pseudoTerminal opens both ends of a new one.
func pseudoTerminal() (master, slave *os.File, err error) {
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		return nil, nil, err
	}
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		return nil, nil, err
	}
	slave, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	return os.NewFile(uintptr(fd), "/dev/ptmx"), slave, err
}
