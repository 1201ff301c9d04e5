package container

import (
	"fmt"
	"path"
	"strings"
)

// mountable are the files below /proc that a mount may lie over: they only tell. Anything else there would
// let an image feed tutor and the kernel a false /proc (CVE-2025-52881).
var mountable = map[string]bool{
	"/proc/cpuinfo":   true,
	"/proc/diskstats": true,
	"/proc/meminfo":   true,
	"/proc/stat":      true,
	"/proc/swaps":     true,
	"/proc/uptime":    true,
	"/proc/loadavg":   true,
}

// CheckTarget refuses the places that are tutor's own to mount.
func CheckTarget(target string) error {
	if !strings.HasPrefix(target, "/") {
		return Hint(fmt.Errorf("invalid mount path: '%s' mount path must be absolute", target), "inside the container it begins with /")
	}
	clean := path.Clean(target)
	for _, own := range []string{"/", "/proc", "/sys", "/dev", "/sys/fs/cgroup"} {
		if clean == own {
			return Hint(fmt.Errorf("invalid specification: destination can't be '%s'", clean), "that place is the container's own: choose another")
		}
	}
	if strings.HasPrefix(clean, "/proc/") && !mountable[clean] {
		return Hint(fmt.Errorf("%q cannot be mounted because it is inside /proc", clean), "a false /proc would deceive every program inside, and tutor")
	}
	return nil
}
