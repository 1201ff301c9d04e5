package doctor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"

	"tutor/runtime/cgroups"
	"tutor/runtime/layers"
	"tutor/runtime/namespaces"
	"tutor/runtime/process"
	"tutor/runtime/program"
	"tutor/runtime/sys"
)

func asRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: namespaces, mounts and cgroups")
	}
}

func TestWhatFailsSaysSo(t *testing.T) {
	call := program.Op{Name: "hopeless", By: program.Child, Calls: []sys.Call{sys.Unshare(1)}}
	err := half(func(int) error { panic("it never comes so far") }, process.Clone(nil, pid()), call)
	require.ErrorIs(t, err, unix.EINVAL)
	require.Equal(t, "unshare = EINVAL (invalid argument)", short(err))
	seen := errors.New("what the look saw")
	require.Equal(t, seen, half(func(int) error { return seen }, process.Clone(nil, pid())))
	require.NoError(t, half(nothing, process.Clone(nil, pid())))
}

// What is no mount point cannot become the root: the kernel's refusal reaches the finding.
func TestAPivotThatCannotBe(t *testing.T) {
	asRoot(t)
	err := half(nothing, process.Clone(nil, pid()), namespaces.Mounts(), namespaces.Private(),
		program.Op{Name: "place", By: program.Child, Calls: []sys.Call{sys.Chdir("/usr/bin")}}, layers.Pivot())
	require.Error(t, err)
	require.Regexp(t, "^pivot_root = E", short(err))
}

// An overlay without an upper layer can be mounted, and not be written: mounting alone proves nothing.
func TestAnOverlayThatCannotBeWritten(t *testing.T) {
	asRoot(t)
	flat := program.Op{Name: "flat", By: program.Child, Calls: []sys.Call{
		sys.EmptyFile("lower/file", 0o644),
		sys.Mount("overlay", "root", "overlay", 0, "lowerdir=lower:upper"),
		sys.Chdir("root"),
	}}
	err := half(write, process.Clone(nil, pid()), namespaces.Mounts(), namespaces.Private(), room("lower", "upper", "root"), flat)
	require.ErrorIs(t, err, unix.EROFS)
}

// The rule is there, so the kernel has understood every attribute of the batch.
func TestTheRuleMasquerades(t *testing.T) {
	asRoot(t)
	var rules [][]byte
	require.NoError(t, elsewhere(func() (err error) {
		if err := masquerade(); err != nil {
			return err
		}
		request := nl.NewNetlinkRequest(unix.NFNL_SUBSYS_NFTABLES<<8|unix.NFT_MSG_GETRULE, unix.NLM_F_DUMP)
		request.AddData(&nl.Nfgenmsg{NfgenFamily: unix.NFPROTO_IPV4})
		rules, err = request.Execute(unix.NETLINK_NETFILTER, 0)
		return err
	}))
	require.Len(t, rules, 1)
	for _, word := range []string{"doctor", "out", "masq"} {
		require.Contains(t, string(rules[0]), word+"\x00")
	}
}

func TestTheDoctorLeavesNothingBehind(t *testing.T) {
	asRoot(t)
	root := t.TempDir()
	m := Machine{Files: os.DirFS("/"), Root: filepath.Join(root, "lib", "tutor"), Run: filepath.Join(root, "run")}
	traces := func() []string {
		layout := cgroups.Read(m.Files)
		var found []string
		for _, mount := range append([]string{layout.Unified}, layout.V1["memory"], layout.V1["cpu"], layout.V1["pids"]) {
			groups, err := filepath.Glob(filepath.Join(mount, fmt.Sprintf("doctor-of-tutor-%d", os.Getpid())))
			require.NoError(t, err)
			found = append(found, groups...)
		}
		mounts, err := os.ReadFile("/proc/self/mountinfo")
		require.NoError(t, err)
		for line := range strings.Lines(string(mounts)) {
			if strings.Contains(line, root) || strings.Contains(line, "lowerdir=lower") {
				found = append(found, line)
			}
		}
		files, err := filepath.Glob(filepath.Join(root, "*"))
		require.NoError(t, err)
		hidden, err := filepath.Glob(filepath.Join(root, ".*"))
		require.NoError(t, err)
		links, err := filepath.Glob("/sys/class/net/one-end")
		require.NoError(t, err)
		return append(append(append(found, files...), hidden...), links...)
	}
	require.Empty(t, traces())
	findings := Examine(m)
	require.Empty(t, traces())
	tried := 0
	for _, f := range findings {
		if f.Found == "works" {
			tried++
		}
	}
	require.Greater(t, tried, 10, "nothing was tried, so nothing could be left: %v", findings)
	require.NoError(t, unix.Access(root, unix.W_OK))
	_, err := unix.Wait4(-1, nil, unix.WNOHANG, nil)
	require.ErrorIs(t, err, unix.ECHILD, "a child is left")
}
