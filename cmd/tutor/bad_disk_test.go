package main_test

import (
	"archive/tar"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"tutor/runtime/pace"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// Every command that has to do with the disk, and what it ends with on one that is full, on one that is read-only, and
// for somebody who is not root. Those that write nothing, or only give room back, do their work all the same.
var writers = []struct {
	line                 string
	full, readOnly, user int
}{
	{"commit box mine", 1, 1, 1},
	{"cp /etc/hostname box:/", 1, 1, 1},
	{"cp box:/etc/passwd -", 0, 1, 1}, // its volumes may have to be made
	{"create --name new tutor/lab", 125, 125, 125},
	{"create -v fresh:/data tutor/lab", 125, 125, 125},
	{"diff box", 0, 0, 1},
	{"exec box true", 1, 1, 125},
	{"export box -o /dev/null", 0, 0, 1},
	{"history tutor/lab", 0, 0, 1},
	{"images", 0, 0, 1},
	{"import small.tar mine", 1, 1, 1},
	{"inspect box", 0, 0, 1},
	{"kill box", 1, 1, 1},
	{"load -i lab.tar", 1, 1, 1},
	{"logs box", 0, 0, 1},
	{"network connect other box", 1, 1, 1},
	{"network create mine", 1, 1, 125},
	{"network disconnect bridge box", 1, 1, 1},
	{"network rm other", 0, 1, 1},
	{"pause box", 1, 1, 1},
	{"port box", 0, 0, 1},
	{"ps -a", 0, 0, 1},
	{"rename box mine", 1, 1, 1},
	{"restart box", 1, 1, 1},
	{"rmi tutor/lab", 1, 1, 1},
	{"run --rm tutor/lab true", 125, 125, 125},
	{"run -d tutor/lab true", 125, 125, 125},
	{"save -o out.tar tutor/lab", 0, 0, 1},
	{"start -a box", 125, 125, 1},
	{"start box", 1, 1, 1},
	{"stats --no-stream box", 0, 0, 1},
	{"stop box", 0, 0, 1},
	{"system df", 0, 0, 1},
	{"tag tutor/lab mine", 1, 1, 1},
	{"top box", 1, 1, 1},
	{"unpause box", 1, 1, 1},
	{"update --cpus 0.5 box", 1, 1, 1},
	{"volume create fresh", 1, 1, 1},
	{"volume inspect old", 0, 0, 1},
	{"volume ls", 0, 0, 1},
	{"volume rm old", 1, 1, 1},
	{"wait box", 0, 0, 1},
	{"system prune -f", 0, 1, 1}, // last: now box is gone
	{"container prune -f", 0, 1, 1},
	{"network prune -f", 0, 1, 1},
	{"volume prune -a -f", 0, 0, 1},
}

func TestAFullDisk(t *testing.T) {
	pace.Fast(t)
	onSmallDisk(t, func(d smallDisk) {
		for _, w := range writers {
			d.fill() // some of what failed has given room back
			d.fails(0, w.line, w.full, "no space left on device", "the disk is full")
		}
	})
}

func TestAReadOnlyDisk(t *testing.T) {
	pace.Fast(t)
	onSmallDisk(t, func(d smallDisk) {
		require.NoError(t, unix.Mount("", d.dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""))
		for _, w := range writers {
			d.fails(0, w.line, w.readOnly, "read-only file system", "the file system is read-only")
		}
	})
}

func TestSomebodyWhoIsNotRoot(t *testing.T) {
	pace.Fast(t)
	onSmallDisk(t, func(d smallDisk) {
		for _, w := range writers {
			d.fails(65534, w.line, w.user, "permission denied", "tutor")
		}
	})
}

// Those that do not come to the disk: the container does not run.
var restsToo = regexp.MustCompile(`is not running|is not paused|conflict|volume is in use`)

// fails tries a command line. One that fails says why, in one line, and how to help it, and leaves everything as it was.
func (d smallDisk) fails(user uint32, line string, status int, why, help string) {
	d.t.Helper()
	before := d.files()
	r := d.as(user, line)
	require.Equal(d.t, status, r.code, "%s\n%s", line, r.stderr)
	if status == 0 {
		require.Empty(d.t, r.stderr, line)
		return
	}
	require.Regexp(d.t, `^tutor: .+\ntutor: hint: .+\n$`, r.stderr, line)
	if !restsToo.MatchString(r.stderr) {
		said, hint, _ := strings.Cut(r.stderr, "\n")
		require.Contains(d.t, said, why, line)
		require.Contains(d.t, hint, help, "%s\n%s", line, r.stderr)
	}
	require.Equal(d.t, before, d.files(), line)
}

// Not counted: a lock, which is not the thing that it locks; what each start writes anew, the default network too where
// another test's has its addresses by now; the size of a directory.
var notCounted = regexp.MustCompile(`(?m)^.*(\block f 600|/(hosts|hostname|resolv\.conf|bridge\.json) f 644) .*\n`)

var directorySize = regexp.MustCompile(`(?m) (d \d+) \d+ `)

// files are all that tutor has on the disk.
func (d smallDisk) files() string {
	return directorySize.ReplaceAllString(notCounted.ReplaceAllString(listing(d.t, d.dir+"/root"), ""), " $1 ")
}

// A small disk is a file system in memory, with a container in it, seen by one thread and by what it starts. It is
// gone with the thread.
type smallDisk struct {
	t        *testing.T
	dir, run string
}

func onSmallDisk(t *testing.T, do func(smallDisk)) {
	t.Helper()
	root(t)
	dir := t.TempDir()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		require.NoError(t, unix.Unshare(unix.CLONE_NEWNS))
		require.NoError(t, unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
		d := smallDisk{t, filepath.Join(dir, "disk"), filepath.Join(dir, "run")}
		require.NoError(t, os.Mkdir(d.dir, 0o755))
		require.NoError(t, unix.Mount("none", d.dir, "tmpfs", 0, "size=80m"))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "small.tar"), tarOf(t, entry{&tar.Header{Name: "x", Typeflag: tar.TypeReg, Mode: 0o644}, "x"}), 0o644))
		require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
		require.NoError(t, os.Chmod(dir, 0o755))
		for _, line := range []string{"run --name box -v old:/old --network bridge tutor/lab sh -c 'echo word; touch /made'", "rm box", "create --name box -v old:/old tutor/lab echo word", "cp box:/etc/passwd -", "network create other", "save -o lab.tar tutor/lab"} {
			require.Zero(t, d.tutor(line).code, line)
		}
		bridge := "br-" + d.tutor("network inspect other -f '{{.Id}}'").stdout[:12]
		defer func() { exec.Command("ip", "link", "del", bridge).Run() }() // no network can be removed from such a disk
		do(d)
	}()
	<-done
}

func (d smallDisk) tutor(line string) run { return d.as(0, line) }

func (d smallDisk) as(user uint32, line string) run {
	cmd := exec.Command("sh", "-c", "exec timeout "+seconds(time.Minute)+" "+binary+" "+line)
	cmd.Dir = filepath.Dir(d.dir)
	cmd.Env = append(os.Environ(), "TUTOR_ROOT="+d.dir+"/root", "TUTOR_RUN="+d.run)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: user, Gid: user}}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.Run()
	return run{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// A container that fills the disk has ended all the same, and is said to have; and what cannot be loaded for want of room is not said to
// be a bad archive.
func TestAContainerThatFillsTheDisk(t *testing.T) {
	onSmallDisk(t, func(d smallDisk) {
		r := d.tutor("run --name big --network none tutor/lab sh -c 'dd if=/dev/zero of=/f bs=1M count=200; exit 3'")
		require.Equal(t, 3, r.code, "%s%s", r.stdout, r.stderr)
		require.Equal(t, "exited 3\n", d.tutor("inspect -f '{{.State.Status}} {{.State.ExitCode}}' big").stdout)
		require.Regexp(t, `big +Exited \(3\)`, d.tutor("ps -a --format '{{.Names}} {{.Status}}'").stdout)
		full := d.tutor("load -i lab.tar")
		require.Contains(t, full.stderr, "no space left on device")
		require.NotContains(t, full.stderr, "cut off")
		require.Zero(t, d.tutor("rm big").code)
	})
}

// What a command has to say may be all that it was for: where that cannot be written, it has failed.
func TestOutputThatIsLostIsAnError(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "create", "--name", "box", "tutor/lab", "seq", "5")
	for _, line := range []string{"version", "create tutor/lab", "start -a box", "run --rm tutor/lab seq 5", "ps -a", "logs box"} {
		r := command(t, exec.Command("sh", "-c", binary+" "+line+" > /dev/full"))
		require.NotZero(t, r.code, line)
		require.Contains(t, r.stderr, "no space left on device", line)
	}
	require.Empty(t, command(t, exec.Command("sh", "-c", binary+" version | head -1")).stderr, "who stops to read misses nothing")
}

// fill leaves no room.
func (d smallDisk) fill() {
	f, err := os.OpenFile(filepath.Join(d.dir, "filler"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	require.NoError(d.t, err)
	defer f.Close()
	for size := 1 << 20; size > 0; size /= 2 {
		for err == nil {
			_, err = f.Write(make([]byte, size))
		}
		require.ErrorIs(d.t, err, unix.ENOSPC)
		err = nil
	}
}
