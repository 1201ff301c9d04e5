package doctor

import (
	"os"
	"path/filepath"

	"github.com/docker/go-units"
	"golang.org/x/sys/unix"
)

// The image tutor/lab and a container of it fit into the lesser; python with all its layers, fetched and unpacked,
// takes most of the greater.
const (
	tooLittle = 100 * units.MB
	enough    = 2 * units.GB
)

// disk asks how much an ordinary user may still write where TUTOR_ROOT is or will be: what is kept back for root
// is not for images.
func disk(m Machine) answer {
	var s unix.Statfs_t
	if err := unix.Statfs(nearest(m.Root), &s); err != nil {
		return m.outcome("", os.NewSyscallError("statfs", err))
	}
	return space(int64(s.Bavail) * int64(s.Bsize))
}

func space(free int64) answer {
	return answer{found: units.HumanSizeWithPrecision(float64(free), 3) + " free", fails: free < tooLittle, remark: free < enough}
}

// writable really makes a directory, because a mount can be read-only whatever the modes say.
func writable(of func(Machine) string) func(Machine) answer {
	return func(m Machine) answer {
		return m.outcome(of(m), scratch(nearest(of(m)), func(string) error { return nil }))
	}
}

// scratch makes a directory in place for the time that do takes.
func scratch(place string, do func(dir string) error) error {
	dir, err := os.MkdirTemp(place, ".tutor-doctor-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	return do(dir)
}

// nearest is path, or the first directory above it that is there already: tutor makes the rest.
func nearest(path string) string {
	for ; path != "/"; path = filepath.Dir(path) {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return path
}
