package toolbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// mountFlags are the options that mount(2) takes as bits; every other option is the filesystem's and goes as text.
var mountFlags = map[string]struct {
	set, clear uintptr
}{
	"defaults": {}, "ro": {set: unix.MS_RDONLY}, "rw": {clear: unix.MS_RDONLY},
	"nosuid": {set: unix.MS_NOSUID}, "suid": {clear: unix.MS_NOSUID}, "nodev": {set: unix.MS_NODEV}, "dev": {clear: unix.MS_NODEV},
	"noexec": {set: unix.MS_NOEXEC}, "exec": {clear: unix.MS_NOEXEC}, "sync": {set: unix.MS_SYNCHRONOUS},
	"noatime": {set: unix.MS_NOATIME}, "nodiratime": {set: unix.MS_NODIRATIME}, "relatime": {set: unix.MS_RELATIME},
	"strictatime": {set: unix.MS_STRICTATIME}, "remount": {set: unix.MS_REMOUNT}, "move": {set: unix.MS_MOVE},
	"bind": {set: unix.MS_BIND}, "rbind": {set: unix.MS_BIND | unix.MS_REC},
	"private": {set: unix.MS_PRIVATE}, "rprivate": {set: unix.MS_PRIVATE | unix.MS_REC},
	"shared": {set: unix.MS_SHARED}, "rshared": {set: unix.MS_SHARED | unix.MS_REC},
	"slave": {set: unix.MS_SLAVE}, "rslave": {set: unix.MS_SLAVE | unix.MS_REC},
	"unbindable": {set: unix.MS_UNBINDABLE}, "runbindable": {set: unix.MS_UNBINDABLE | unix.MS_REC},
}

const propagation = unix.MS_PRIVATE | unix.MS_SHARED | unix.MS_SLAVE | unix.MS_UNBINDABLE

func mountMain(t *tool) error {
	if len(t.args) == 0 {
		return t.listMounts("")
	}
	var args, options []string
	for _, arg := range t.args { // --bind and --make-rprivate are options by another name
		if name, ok := strings.CutPrefix(arg, "--"); ok {
			options = append(options, strings.TrimPrefix(name, "make-"))
			continue
		}
		args = append(args, arg)
	}
	o, err := parse("t:o:rw", args)
	if err != nil {
		return err
	}
	for _, list := range o.given['o'] {
		options = append(options, strings.Split(list, ",")...)
	}
	if o.has("r") {
		options = append(options, "ro")
	}
	if len(o.rest) == 0 {
		return t.listMounts(o.value('t', ""))
	}
	var flags uintptr
	var data []string
	for _, option := range options {
		f, known := mountFlags[option]
		flags = flags&^f.clear | f.set
		if !known {
			data = append(data, option)
		}
	}
	return doMount(o.rest, o.value('t', ""), flags, strings.Join(data, ","))
}

func doMount(args []string, kind string, flags uintptr, data string) error {
	source, dir := "none", args[0]
	switch {
	case len(args) == 2:
		source, dir = args[0], args[1]
	case len(args) > 2 || flags&(unix.MS_REMOUNT|propagation) == 0:
		return usageError("a source and a directory, please (there is no fstab here)")
	}
	if kind == "" && flags&(unix.MS_BIND|unix.MS_MOVE|unix.MS_REMOUNT|propagation) == 0 {
		return usageError("which type of filesystem? -t TYPE")
	}
	if err := unix.Mount(source, dir, kind, flags, data); err != nil {
		return fmt.Errorf("mounting %s on %s failed: %s", source, dir, reason(err))
	}
	// A bind mount ignores all other flags; read-only takes a second call (mount(2), "Remounting a bind mount").
	if again := flags &^ (unix.MS_BIND | unix.MS_REC); flags&unix.MS_BIND != 0 && flags&unix.MS_REMOUNT == 0 && again != 0 {
		if err := unix.Mount("none", dir, "", again|unix.MS_BIND|unix.MS_REMOUNT, ""); err != nil {
			return fmt.Errorf("remounting %s failed: %s", dir, reason(err))
		}
	}
	return nil
}

// A mounted is one line of /proc/self/mounts.
type mounted struct{ source, dir, kind, options string }

func mounts() ([]mounted, error) {
	content, err := os.ReadFile("/proc/self/mounts")
	var all []mounted
	for line := range strings.Lines(string(content)) {
		if f := strings.Fields(line); len(f) >= 4 {
			all = append(all, mounted{octal(f[0]), octal(f[1]), f[2], f[3]})
		}
	}
	return all, err
}

// octal undoes the kernel's escapes: a blank in a path is written \040.
func octal(text string) string {
	for i := 0; i+3 < len(text); i++ {
		if text[i] != '\\' {
			continue
		}
		if code, err := strconv.ParseUint(text[i+1:i+4], 8, 8); err == nil {
			text = text[:i] + string([]byte{byte(code)}) + text[i+4:]
		}
	}
	return text
}

func (t *tool) listMounts(kind string) error {
	all, err := mounts()
	for _, m := range all {
		if kind == "" || m.kind == kind {
			t.printf("%s on %s type %s (%s)\n", m.source, m.dir, m.kind, m.options)
		}
	}
	return err
}

func umount(t *tool) error {
	o, err := parse("lfn", t.args)
	if err != nil {
		return err
	}
	flags := 0
	if o.has("l") {
		flags |= unix.MNT_DETACH
	}
	if o.has("f") {
		flags |= unix.MNT_FORCE
	}
	if len(o.rest) == 0 {
		return usageError("what?")
	}
	for _, dir := range o.rest {
		if err := unix.Unmount(dir, flags); err != nil {
			t.complain(fmt.Errorf("can't unmount %s: %s", filepath.Clean(dir), reason(err)))
		}
	}
	return nil
}
