package container

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"tutor/runtime/cgroups"
	"tutor/runtime/program"
	"tutor/runtime/terminal"
)

func execOf(t *testing.T, p ExecPlan) program.Program {
	t.Helper()
	list, err := p.Program()
	require.NoError(t, err)
	return list
}

func TestTheProgramOfExec(t *testing.T) {
	plain := everyExec(v2)
	plain.Terminal, plain.Interactive = terminal.NewPair(false, terminal.Size{}), false
	plain.Process.User, plain.Process.NoNewPrivileges, plain.Process.Rlimits = specs.User{}, false, nil
	golden(t, "exec", render(execOf(t, plain)))
	golden(t, "exec-everything-v2", render(execOf(t, everyExec(v2))))
	golden(t, "exec-everything-v1", render(execOf(t, everyExec(hybrid))))
	shared := everyExec(cgroups.Layout{V1: hybrid.V1})
	shared.Own = nil
	golden(t, "exec-nothing-own-v1", render(execOf(t, shared)))
}

func TestEveryExecKeepsTheOrder(t *testing.T) {
	for _, layout := range []cgroups.Layout{v2, hybrid} {
		p := execOf(t, everyExec(layout))
		for _, b := range program.Order {
			first, then := indexOf(p, b.First), indexOf(p, b.Then)
			if first >= 0 && then >= 0 {
				require.Less(t, first, then, "%s: %s comes before %s: %s", layout.Version(), b.First, b.Then, b.Why)
			}
		}
	}
}

func TestEveryEntryOfExecSaysWhatWhyAndWhere(t *testing.T) {
	seen := map[string]bool{}
	for _, op := range execOf(t, everyExec(hybrid)) {
		require.False(t, seen[op.Name], "%s stands twice", op.Name)
		seen[op.Name] = true
		require.NotEmpty(t, op.Why, op.Name)
		require.Regexp(t, `^[a-z_0-9.]+\([1-8]\)$`, op.Man, op.Name)
		require.Contains(t, []int{1, 2, 3, 4, 5, 6, 7}, op.Lab, op.Name)
		if !op.Runs() {
			require.NotEmpty(t, op.LeftOut, "%s is left out without a reason", op.Name)
		}
	}
}

func TestExecIsNeverLeftWithoutAContainer(t *testing.T) {
	for _, name := range []string{"target", "clone", "enter-mount", "exec"} {
		p := everyExec(v2)
		p.Without = []string{name}
		_, err := p.Program()
		require.ErrorContains(t, err, "--without "+name+": refused")
	}
}

func TestACommandIsTheContainersWhereNothingElseWasAskedFor(t *testing.T) {
	spec := &specs.Spec{Hostname: "web", Root: &specs.Root{Path: "rootfs"}, Process: &specs.Process{Args: []string{"nginx"}, Cwd: "/srv",
		Env: []string{"PATH=/bin", "HOME=/other"}, NoNewPrivileges: true, Capabilities: &specs.LinuxCapabilities{Bounding: []string{"CAP_KILL"}}}}
	state := State{Config: v1.Config{User: "student", Env: []string{"PATH=/bin", "A=1"}}}
	users := Users(func(path string) ([]byte, error) {
		return map[string][]byte{"etc/passwd": []byte("student:x:1000:1000::/home/student:\nadm:x:7:7::/adm:\n"), "etc/group": []byte("wheel:x:10:student\n")}[path], nil
	})
	p, err := ExecOptions{Command: []string{"id"}}.process(state, spec, users, nil)
	require.NoError(t, err)
	require.Equal(t, specs.User{UID: 1000, GID: 1000, AdditionalGids: []uint32{10}}, p.User)
	require.Equal(t, []string{"PATH=/bin", "HOSTNAME=web", "A=1", "HOME=/home/student"}, p.Env)
	require.Equal(t, "/srv", p.Cwd)
	require.True(t, p.NoNewPrivileges)
	require.Equal(t, []string{"CAP_KILL"}, p.Capabilities.Bounding)

	p, err = ExecOptions{Command: []string{"id"}, User: "adm", Workdir: "tmp", Terminal: true, Env: []string{"A=2", "TERM=vt100"}}.process(state, spec, users, nil)
	require.NoError(t, err)
	require.Equal(t, specs.User{UID: 7, GID: 7}, p.User)
	require.Equal(t, []string{"PATH=/bin", "HOSTNAME=web", "TERM=vt100", "A=2", "HOME=/adm"}, p.Env)
	require.Equal(t, "/tmp", p.Cwd)
	require.Equal(t, []string{"nginx"}, spec.Process.Args, "the container's own stays as it is")

	_, err = ExecOptions{Command: []string{"id"}, User: "4294967296"}.process(state, spec, users, nil)
	require.ErrorContains(t, err, "unable to find user 4294967296")

	spec.Root.Path = "/"
	p, err = ExecOptions{Command: []string{"id"}, Env: []string{"A=3"}}.process(State{}, spec, users, nil)
	require.NoError(t, err)
	require.Equal(t, []string{"PATH=/bin", "HOME=/other", "A=3"}, p.Env, "labs 1 to 3 know no image")
}

// A running container's /etc/passwd is whatever root inside has made of it.
func TestUsersAreReadBelowTheRootAndNothingElse(t *testing.T) {
	root := t.TempDir()
	secret := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(secret, []byte("evil:x:0:0::/:\n"), 0o644))
	require.NoError(t, os.Mkdir(filepath.Join(root, "etc"), 0o755))
	at := func(name string) string { return filepath.Join(root, "etc", name) }
	require.NoError(t, os.WriteFile(at("passwd"), []byte("ours"), 0o644))
	require.NoError(t, os.Symlink("/etc/passwd", at("inside")))
	require.NoError(t, os.Symlink(secret, at("outside")))
	require.NoError(t, os.Symlink("../../../../../../.."+secret, at("up")))
	require.NoError(t, os.Symlink("/proc/self/root"+secret, at("magic")))
	require.NoError(t, unix.Mkfifo(at("fifo"), 0o644))
	require.NoError(t, os.WriteFile(at("huge"), nil, 0o644))
	require.NoError(t, os.Truncate(at("huge"), 4<<30))
	dir, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(dir)
	for name, want := range map[string]string{"passwd": "ours", "inside": "ours"} {
		content, err := readBelow(dir, "etc/"+name, passwdLimit)
		require.NoError(t, err, name)
		require.Equal(t, want, string(content), name)
	}
	for name, want := range map[string]string{"outside": "file does not exist", "up": "file does not exist", "magic": "file does not exist",
		"fifo": "not an ordinary file", "huge": "larger than", "../etc/none": "file does not exist", "passwd/x": "file does not exist"} {
		_, err := readBelow(dir, "etc/"+name, passwdLimit)
		require.ErrorContains(t, err, want, name)
	}
}

func TestAContainerThatDoesNotRunCannotBeEntered(t *testing.T) {
	home := Home{Root: t.TempDir(), Run: t.TempDir()}
	_, err := home.NewExec(State{ID: anID}, ExecOptions{Command: []string{"sh"}})
	require.EqualError(t, err, "container "+anID+" is not running")

	require.NoError(t, os.MkdirAll(home.live(), 0o700))
	alive := `{"pid":` + strings.TrimSpace(readTrimmed("/proc/self/stat")[:strings.IndexByte(readTrimmed("/proc/self/stat"), ' ')]) + `}`
	require.NoError(t, os.WriteFile(filepath.Join(home.live(), anID), []byte(alive), 0o600))
	_, err = home.NewExec(State{ID: anID}, ExecOptions{Command: []string{"sh"}})
	require.EqualError(t, err, "container "+anID+" is not running", "another process has its PID now")
}

func TestAContainerThatIsHalfBuiltCannotBeEntered(t *testing.T) {
	home := Home{Root: t.TempDir(), Run: t.TempDir()}
	require.NoError(t, os.MkdirAll(home.live(), 0o700))
	file, err := lockFile(filepath.Join(home.live(), anID), unix.F_SETLK)
	require.NoError(t, err)
	claim := &Claim{home: home, id: anID, file: file}
	require.NoError(t, claim.note(Live{PID: os.Getpid(), Born: born(os.Getpid())}))
	_, runs := home.alive(anID)
	require.True(t, runs)
	_, err = home.NewExec(State{ID: anID}, ExecOptions{Command: []string{"sh"}})
	require.EqualError(t, err, "container "+anID+" is not running")
}
