package sys

import (
	"strings"

	"golang.org/x/sys/unix"
)

// mountWords are the options of mount(8) and the OCI spec that are flags of mount(2); a false set takes the
// flag away. All others are the file system's own and go into the data string.
var mountWords = []struct {
	word string
	bits uint64
	set  bool
}{
	{"ro", unix.MS_RDONLY, true},
	{"rw", unix.MS_RDONLY, false},
	{"nosuid", unix.MS_NOSUID, true},
	{"suid", unix.MS_NOSUID, false},
	{"nodev", unix.MS_NODEV, true},
	{"dev", unix.MS_NODEV, false},
	{"noexec", unix.MS_NOEXEC, true},
	{"exec", unix.MS_NOEXEC, false},
	{"noatime", unix.MS_NOATIME, true},
	{"relatime", unix.MS_RELATIME, true},
	{"strictatime", unix.MS_STRICTATIME, true},
	{"bind", unix.MS_BIND, true},
	{"rbind", unix.MS_BIND | unix.MS_REC, true},
}

// MountOptions splits options as mount(8) does: flags for mount(2), and the rest, comma-separated, for the
// file system.
func MountOptions(options []string) (flags uint64, data string) {
	var rest []string
next:
	for _, o := range options {
		for _, w := range mountWords {
			if w.word == o && w.set {
				flags |= w.bits
				continue next
			}
			if w.word == o {
				flags &^= w.bits
				continue next
			}
		}
		rest = append(rest, o)
	}
	return flags, strings.Join(rest, ",")
}
