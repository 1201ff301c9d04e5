package labs

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// unmountBelow unmounts everything below the directories, the last mount first.
func unmountBelow(dirs ...string) error {
	for range 10 { // a mount may hide another
		mounts, err := mountsBelow(dirs)
		if err != nil || len(mounts) == 0 {
			return err
		}
		for i := len(mounts) - 1; i >= 0; i-- {
			unix.Unmount(mounts[i], unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
		}
	}
	left, err := mountsBelow(dirs)
	if len(left) > 0 {
		err = errors.Join(err, fmt.Errorf("cannot unmount %s; nothing below it was removed", strings.Join(left, ", ")))
	}
	return err
}

func mountsBelow(dirs []string) ([]string, error) {
	content, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	var found []string
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		place := unescape.Replace(fields[4])
		for _, dir := range dirs {
			if place == dir || strings.HasPrefix(place, dir+"/") {
				found = append(found, place)
			}
		}
	}
	return found, nil
}

// removeMade removes what a lesson that was interrupted has made by hand outside its room. Such things are called lab3-…
// in lab 3, best with the PID of the shell behind it: what a shell that is alive has made is somebody else's.
// Nothing else on the machine is touched, and control groups go only if they are empty.
func removeMade(lab string) error {
	made := "lab" + lab + "-"
	for _, pattern := range []string{"/sys/fs/cgroup/", "/sys/fs/cgroup/*/"} {
		for _, group := range ownerless(pattern + made + "*") {
			removeGroups(group)
		}
	}
	for _, path := range ownerless("/run/netns/" + made + "*") {
		unix.Unmount(path, unix.MNT_DETACH)
		os.Remove(path)
	}
	for _, path := range ownerless("/sys/class/net/" + made + "*") {
		if link, err := netlink.LinkByName(filepath.Base(path)); err == nil {
			netlink.LinkDel(link)
		}
	}
	return removeTables(made)
}

func ownerless(pattern string) []string {
	paths, _ := filepath.Glob(pattern)
	return slices.DeleteFunc(paths, func(path string) bool { return owned(filepath.Base(path)) })
}

// owned tells if the number behind the "-" is the PID of a living process; more may follow it: lab6-4711b. One that has
// ended and that nobody has waited for yet does not live.
func owned(name string) bool {
	_, pid, _ := strings.Cut(name, "-")
	if end := strings.IndexFunc(pid, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		pid = pid[:end]
	}
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	_, state, _ := strings.Cut(string(stat), ") ")
	return pid != "" && err == nil && !strings.HasPrefix(state, "Z")
}

// removeGroups removes a group and those in it, the deepest first.
func removeGroups(dir string) {
	inner, _ := filepath.Glob(dir + "/*/cgroup.procs")
	for _, procs := range inner {
		removeGroups(filepath.Dir(procs))
	}
	unix.Rmdir(dir)
}

// removeTables asks nft, with which the lesson has made them.
func removeTables(made string) error {
	if _, err := exec.LookPath("nft"); err != nil {
		return nil
	}
	out, err := exec.Command("nft", "list", "tables").Output()
	if err != nil {
		return nil // this kernel has no nftables
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line) // table inet lab7-4711
		if len(words) == 3 && strings.HasPrefix(words[2], made) && !owned(words[2]) {
			if err := exec.Command("nft", append([]string{"delete"}, words...)...).Run(); err != nil {
				return fmt.Errorf("nft delete %s: %w", strings.Join(words, " "), err)
			}
		}
	}
	return nil
}
