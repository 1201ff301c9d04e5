package layers

import (
	"archive/tar"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// whole writes a file without a name, and gives it its place when nothing is missing: whoever interrupts it, even with kill -9,
// finds the old file or the new one, and never half of one. Where a file system knows no such files
// (O_TMPFILE, open(2)) it has a name beside its place until then.
func (p *placing) whole(base string, h *tar.Header, content io.Reader) error {
	random := make([]byte, 8)
	rand.Read(random)
	beside := ".tutor-" + hex.EncodeToString(random)
	fd, err := unix.Openat(p.parent, ".", unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, 0o600)
	nameless := err == nil
	if !nameless {
		fd, err = unix.Openat(p.parent, beside, newFile, 0o600)
	}
	if err != nil {
		return fmt.Errorf("openat = %w", err)
	}
	f := os.NewFile(uintptr(fd), base)
	defer f.Close()
	if err = p.fill(f, h, content); err == nil && nameless {
		err = named("linkat", unix.Linkat(fd, "", p.parent, beside, unix.AT_EMPTY_PATH)) // it cannot take another's place by itself
	}
	if err == nil {
		err = named("renameat", unix.Renameat(p.parent, beside, p.parent, base))
	}
	if err != nil {
		unix.Unlinkat(p.parent, beside, 0)
	}
	return err
}

// named is an error with the call that it comes from.
func named(call string, err error) error {
	if err != nil {
		err = fmt.Errorf("%s = %w", call, err)
	}
	return err
}
