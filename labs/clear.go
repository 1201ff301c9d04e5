package labs

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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

// made is how things are called that a lesson makes by hand outside its room: a control group, a link, a network
// namespace, a table of nftables. Nothing else on the machine is touched.
const made = "lab-"

// removeMade removes what a lesson that was interrupted has made by hand. Control groups go only if they are empty.
func removeMade() error {
	for _, pattern := range []string{"/sys/fs/cgroup/" + made + "*", "/sys/fs/cgroup/*/" + made + "*"} {
		groups, _ := filepath.Glob(pattern)
		for _, group := range groups {
			removeGroups(group)
		}
	}
	namespaces, _ := filepath.Glob("/run/netns/" + made + "*")
	for _, path := range namespaces {
		unix.Unmount(path, unix.MNT_DETACH)
		os.Remove(path)
	}
	links, _ := filepath.Glob("/sys/class/net/" + made + "*")
	for _, path := range links {
		if link, err := netlink.LinkByName(filepath.Base(path)); err == nil {
			netlink.LinkDel(link)
		}
	}
	return removeTables()
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
func removeTables() error {
	if _, err := exec.LookPath("nft"); err != nil {
		return nil
	}
	out, err := exec.Command("nft", "list", "tables").Output()
	if err != nil {
		return nil // this kernel has no nftables
	}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line) // table inet lab-7
		if len(words) == 3 && strings.HasPrefix(words[2], made) {
			if err := exec.Command("nft", append([]string{"delete"}, words...)...).Run(); err != nil {
				return fmt.Errorf("nft delete %s: %w", strings.Join(words, " "), err)
			}
		}
	}
	return nil
}
