package container

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"tutor/runtime/layers"
)

// notTutor refuses a container whose command is tutor itself. Until execve the child runs the host's tutor, so
// an image whose command is a link to /proc/self/exe, or a script that begins with #!/proc/self/exe, has the
// host's file opened for it. It could keep that open and write to it when the last tutor has ended: the next one
// to start would be the enemy's, and root (CVE-2019-5736). While tutor lives the kernel answers ETXTBSY, and
// tutor looks as soon as it hears of the execve; with exec a short command may have ended by then. A tutor that was bound into the container on purpose lies on
// another mount.
func notTutor(pid int) error {
	ours, err := runs("self")
	if err != nil {
		return err
	}
	its, err := runs(fmt.Sprint(pid))
	if errors.Is(err, unix.ENOENT) {
		return nil // it has ended already, and all that it could have started with it
	}
	if err != nil || its != ours {
		return err
	}
	return Hint(errors.New("exec: the command is the host's own tutor, by way of /proc/self/exe"),
		"this image is after the host (CVE-2019-5736); do not trust it")
}

// An identity is what no two files share: a place on a disk, and the mount by which it was reached.
type identity struct {
	major, minor uint32
	inode, mount uint64
}

// runs is the program that a process runs.
func runs(pid string) (identity, error) {
	var s unix.Statx_t
	if err := unix.Statx(unix.AT_FDCWD, "/proc/"+pid+"/exe", 0, unix.STATX_INO|unix.STATX_MNT_ID, &s); err != nil {
		return identity{}, fmt.Errorf("statx(/proc/%s/exe) = %w", pid, err)
	}
	return identity{s.Dev_major, s.Dev_minor, s.Ino, s.Mnt_id}, nil
}

// ownPlaces refuses an image in which what the kernel tells a container would lie elsewhere than where it, and we, look for it
// (CVE-2019-19921).
func ownPlaces(image layers.Stack) error {
	places := []string{"/proc", "/sys", "/dev"}
	to, err := image.ResolveAll(places...)
	if err != nil {
		return nil // whoever mounts there will say why
	}
	for i, place := range places {
		if to[i] != place {
			return Hint(fmt.Errorf("the image's %s is a link to %s", place, to[i]), "every container has its own there; do not trust this image")
		}
	}
	return nil
}
