// Package privileges takes root's powers away, one by one: what an image does as root, a stranger does as root.
package privileges

import (
	"fmt"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// Bounding drops every capability that is not in keep from the bounding set: Docker keeps 14 of 41. It bounds what
// any program executed later can get, as root, by set-user-ID or by file capabilities (capabilities(7)). So this
// is what makes root in the container a small root: no mounting, no modules, no clock, no other's network.
func Bounding(keep []string) program.Op {
	op := program.Op{
		Name:  "bounding",
		Lab:   5,
		By:    program.Child,
		Why:   "root keeps the name, loses the powers: execve gives root whatever this set allows, and it would allow all",
		Shell: "capsh --drop=…",
		Man:   "capabilities(7)",
	}
	mask := Mask(keep)
	for _, c := range sys.Capabilities {
		if mask&(1<<c.Bits) == 0 {
			// A kernel older than the newest capability answers EINVAL: then nobody can have it.
			op.Calls = append(op.Calls, sys.DropBounding(c.Bits).Tolerate(unix.EINVAL))
		}
	}
	if len(op.Calls) == 0 {
		return op.Leave("every capability is kept")
	}
	return op
}

// User changes from root to the user of the image's config or --user. Groups first: afterwards there is no
// right to change them, and root's own groups would stay.
func User(u specs.User) program.Op {
	groups := "--clear-groups" // setpriv refuses an empty list
	if len(u.AdditionalGids) > 0 {
		groups = "--groups=" + strings.ReplaceAll(strings.Trim(fmt.Sprint(u.AdditionalGids), "[]"), " ", ",")
	}
	return program.Op{
		Name:  "user",
		Lab:   5,
		By:    program.Child,
		Why:   "the command would run with the user and the groups of whoever started tutor",
		Shell: fmt.Sprintf("setpriv --reuid=%d --regid=%d %s …", u.UID, u.GID, groups),
		Man:   "credentials(7)",
		Calls: []sys.Call{sys.Setgroups(u.AdditionalGids), sys.Setgid(u.GID), sys.Setuid(u.UID)},
	}
}

// Capabilities sets what the process itself holds until execve, and makes none inheritable. What the caller had
// made inheritable would otherwise come through execve, past the rules of the image's files (CVE-2022-24769). For
// a user other than root the kernel has emptied the other sets already.
func Capabilities(c *specs.LinuxCapabilities, uid uint32) program.Op {
	op := program.Op{
		Name:  "capabilities",
		Lab:   5,
		By:    program.Child,
		Why:   "capabilities that the caller has made inheritable would come through execve",
		Shell: "capsh --caps=… --",
		Man:   "capabilities(7)",
	}
	if c == nil {
		return op.Leave("no capabilities in the spec")
	}
	mask := Mask(c.Effective)
	if uid != 0 {
		mask = 0
	}
	op.Calls = []sys.Call{sys.Capset(mask)}
	return op
}

// Mask is the set of the named capabilities ("CAP_CHOWN"), one bit each; unknown names are nobody's.
func Mask(names []string) uint64 {
	var mask uint64
	for _, name := range names {
		for _, c := range sys.Capabilities {
			if c.Name == name {
				mask |= 1 << c.Bits
			}
		}
	}
	return mask
}

// NoNewPrivileges makes set-user-ID programs ordinary ones.
func NoNewPrivileges(on bool) program.Op {
	op := program.Op{
		Name:  "no-new-privileges",
		Lab:   5,
		By:    program.Child,
		Why:   "su and sudo would work inside, as in Docker without the same option",
		Shell: "setpriv --no-new-privs …",
		Man:   "prctl(2)",
		Calls: []sys.Call{sys.NoNewPrivs()},
	}
	if !on {
		return op.Leave("no --security-opt no-new-privileges given")
	}
	return op
}

// Undumpable shuts the process that enters a container against the ones that are in there already. Between its
// birth and execve it has the host's files open, and once it has dropped its powers it is root as they are: without
// this they could trace it, or walk out through its /proc/PID/fd (CVE-2016-9962). It is the host's call, because the
// child must be shut from its first moment on. A container with CAP_SYS_PTRACE is not held off by it.
func Undumpable() program.Op {
	return program.Op{
		Name:  "undumpable",
		Lab:   5,
		By:    program.Host,
		Why:   "root inside could trace the newcomer before it has become the command, and use what it has open of the host",
		Man:   "prctl(2)",
		Calls: []sys.Call{sys.Undumpable()},
	}
}

// Masked hides files and directories of /proc and /sys that tell of the whole machine. They are mounted over
// with the container's own /dev/null and an empty directory; what this kernel has not is passed over. The
// null must be the one that tutor has just made (CVE-2025-31133).
func Masked(paths []string) program.Op {
	op := program.Op{
		Name:  "masked-paths",
		Lab:   5,
		By:    program.Child,
		Why:   "root inside could read the machine's keys, timers and memory from /proc and /sys",
		Shell: "mount --bind /dev/null /proc/kcore; …",
		Man:   "proc(5)",
	}
	for _, path := range paths {
		if directories[path] {
			op.Calls = append(op.Calls, sys.Mount("tmpfs", path, "tmpfs", unix.MS_RDONLY, "size=0k").Tolerate(unix.ENOENT))
			continue
		}
		op.Calls = append(op.Calls, sys.Mount("/dev/null", path, "", unix.MS_BIND, "").Tolerate(unix.ENOENT))
	}
	if len(op.Calls) == 0 {
		return op.Leave("no masked paths in the spec")
	}
	return op
}

// directories are those of the masked paths that no file can be mounted over.
var directories = map[string]bool{
	"/proc/acpi":                    true, // ACPI tables and events
	"/proc/asound":                  true, // sound cards
	"/proc/scsi":                    true, // disks; writing here removes them
	"/sys/firmware":                 true, // firmware tables, EFI variables
	"/sys/devices/virtual/powercap": true, // energy counters: a side channel (CVE-2020-8694)
}

// ReadOnly makes parts of /proc that change the machine readable only. Each needs a mount of its own first:
// a bind mount of itself, remounted (mount(2): flags of a first bind are ignored).
func ReadOnly(paths []string) program.Op {
	op := program.Op{
		Name:  "readonly-paths",
		Lab:   5,
		By:    program.Child,
		Why:   "root inside could change the kernel's settings and restart the machine by writing to /proc",
		Shell: "mount --bind /proc/sys /proc/sys; mount -o remount,bind,ro /proc/sys; …",
		Man:   "mount(2)",
	}
	const flags = unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_BIND | unix.MS_REMOUNT | unix.MS_RDONLY
	for _, path := range paths {
		op.Calls = append(op.Calls,
			sys.Mount(path, path, "", unix.MS_BIND|unix.MS_REC, "").Tolerate(unix.ENOENT),
			sys.Mount("", path, "", flags, "").Tolerate(unix.ENOENT))
	}
	if len(op.Calls) == 0 {
		return op.Leave("no read-only paths in the spec")
	}
	return op
}
