package container

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/cgroups"
	"tutor/runtime/layers"
)

// What the host has to know of a running container before something can enter it.

// spec is the config.json that the container runs by.
func (h Home) spec(id string) (*specs.Spec, error) {
	content, err := os.ReadFile(filepath.Join(h.Dir(id), "config.json"))
	if err != nil {
		return nil, err
	}
	s := &specs.Spec{}
	if err := json.Unmarshal(content, s); err != nil {
		return nil, err
	}
	if s.Process == nil {
		return nil, fmt.Errorf("%s: no process in it", filepath.Join(h.Dir(id), "config.json"))
	}
	return s, nil
}

// existingGroup is the container's group as it stands on this host: with the trees of version 1 in which it has a
// directory. That of the freezer is there only while it is frozen.
func existingGroup(id string) cgroups.Group {
	g := cgroups.Group{Layout: HostLayout(), Name: groupName(id)}
	for _, tree := range []string{"memory", "cpu", "cpuset", "pids", "blkio"} {
		if mount := g.Layout.V1[tree]; mount != "" && exists(filepath.Join(mount, g.Name)) {
			g.Needs = append(g.Needs, tree)
		}
	}
	return g
}

// insidePID is the PID that the process has for itself: the last of NSpid in proc_pid_status(5).
func insidePID(pid int) int {
	content, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	inside := 0
	for _, line := range strings.Split(string(content), "\n") {
		if list, found := strings.CutPrefix(line, "NSpid:"); found {
			fields := strings.Fields(list)
			fmt.Sscan(fields[len(fields)-1], &inside)
		}
	}
	return inside
}

// look finds what the container's first process does not share with us, and opens its root. What was read of
// /proc/PID is the container's only if the PID is still the same process's afterwards.
func (h Home) look(s State, live Live) (own []specs.LinuxNamespaceType, root int, err error) {
	root = -1
	err = h.whole(s, unix.ENOENT, func() error {
		if own, err = ownNamespaces(live.PID); err != nil {
			return err
		}
		root, err = unix.Open(fmt.Sprintf("/proc/%d/root", live.PID), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		return err
	})
	if gone := h.same(s, live); gone != nil {
		unix.Close(root)
		return nil, -1, gone
	}
	if err != nil {
		return nil, -1, fmt.Errorf("the namespaces of container %.12s: %w", s.ID, err)
	}
	return own, root, nil
}

// changing is how long a process may take to become another program.
const changing = time.Second

// whole tries again what fails while the container's first process becomes another program. If it has threads, the
// kernel ends all but the one that called execve(2), and until that one has taken the PID over, nobody with that PID
// has namespaces: setns(2) answers ESRCH, and /proc ENOENT.
func (h Home) whole(s State, again unix.Errno, try func() error) error {
	for deadline := time.Now().Add(changing); ; time.Sleep(time.Millisecond) {
		err := try()
		if !errors.Is(err, again) || time.Now().After(deadline) {
			return err
		}
		if _, runs := h.alive(s.ID); !runs {
			return err
		}
	}
}

// ownNamespaces are those that the process does not share with us.
func ownNamespaces(pid int) (own []specs.LinuxNamespaceType, err error) {
	for _, kind := range defaultNamespaces {
		theirs, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/%s", pid, namespaceFiles[kind]))
		if err != nil {
			return nil, err
		}
		ours, err := os.Readlink("/proc/self/ns/" + namespaceFiles[kind])
		if err != nil {
			return nil, err
		}
		if theirs != ours {
			own = append(own, kind)
		}
	}
	return own, nil
}

// namespaceFiles are the names in /proc/PID/ns; the spec has longer ones for two of them.
var namespaceFiles = map[specs.LinuxNamespaceType]string{
	specs.PIDNamespace:     "pid",
	specs.MountNamespace:   "mnt",
	specs.UTSNamespace:     "uts",
	specs.IPCNamespace:     "ipc",
	specs.NetworkNamespace: "net",
	specs.CgroupNamespace:  "cgroup",
}

// usersBelow reads /etc/passwd and its kin as a running container has them. All that is in there belongs to whoever is
// root inside, who may change it while we look: the kernel keeps the path below the root (RESOLVE_IN_ROOT), only an
// ordinary file is opened, and only so much of it is read.
func usersBelow(root int) Users {
	return func(path string) ([]byte, error) { return readBelow(root, path, passwdLimit) }
}

func readBelow(root int, path string, limit int64) ([]byte, error) {
	at, err := layers.OpenIn(root, path, unix.O_PATH)
	if errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENOTDIR) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	defer unix.Close(at)
	var stat unix.Stat_t
	if err := unix.Fstat(at, &stat); err != nil {
		return nil, err
	}
	if stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, errors.New("not an ordinary file")
	}
	if stat.Size > limit {
		return nil, fmt.Errorf("larger than %d bytes", limit)
	}
	file, err := os.OpenFile(fmt.Sprintf("/proc/self/fd/%d", at), os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, limit))
}
