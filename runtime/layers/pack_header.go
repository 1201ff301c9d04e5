package layers

import (
	"archive/tar"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// xattrLimit bounds a file's extended attributes: readers of tar, ours too, take a PAX header of at most 1 MiB.
const xattrLimit = 900 << 10

// types are the kinds of files that a layer can hold, and their letters in a tar (tar(5), "typeflag").
var types = map[uint32]byte{
	unix.S_IFREG: tar.TypeReg,
	unix.S_IFDIR: tar.TypeDir,
	unix.S_IFLNK: tar.TypeSymlink,
	unix.S_IFCHR: tar.TypeChar,
	unix.S_IFBLK: tar.TypeBlock,
	unix.S_IFIFO: tar.TypeFifo,
}

// header writes the header of a file that is there. All of them are of the PAX form: only that one has
// nanoseconds, names of any length and bytes, and extended attributes. Owners are numbers: the names that the
// host has for them are not the container's. A file that was packed before, under the name first, is a link to
// that, and looks alike: some readers give it the looks of its last name.
func (p *packing) header(s *step, first string) error {
	h := &tar.Header{
		Format:   tar.FormatPAX,
		Typeflag: types[s.stat.Mode&unix.S_IFMT],
		Name:     s.path,
		Mode:     int64(s.stat.Mode & 0o7777),
		Uid:      int(s.stat.Uid),
		Gid:      int(s.stat.Gid),
		ModTime:  time.Unix(s.stat.Mtim.Unix()).Truncate(p.grain),
	}
	if first != "" {
		h.Typeflag, h.Linkname = tar.TypeLink, first
		return p.write(h)
	}
	switch h.Typeflag {
	case tar.TypeDir:
		h.Name += "/"
	case tar.TypeReg:
		h.Size = s.stat.Size
		if h.Size > p.limit-p.written {
			return fmt.Errorf("the layer's files are larger than %d bytes", p.limit)
		}
		p.written += h.Size
	case tar.TypeSymlink:
		target, err := readlink(s.fd)
		if err != nil {
			return err
		}
		h.Linkname = target
	case tar.TypeChar, tar.TypeBlock:
		h.Devmajor, h.Devminor = int64(unix.Major(s.stat.Rdev)), int64(unix.Minor(s.stat.Rdev))
	}
	var err error
	if h.PAXRecords, err = records(s); err != nil {
		return err
	}
	return p.write(h)
}

// records are the extended attributes as PAX has them: "SCHILY.xattr." before the name, as star and GNU tar do.
func records(s *step) (map[string]string, error) {
	xattrs, err := xattrsOf(s.fd, s.stat)
	if err != nil || len(xattrs) == 0 {
		return nil, err
	}
	records := make(map[string]string, len(xattrs))
	size := 0
	for name, value := range xattrs {
		if strings.Contains(name, "=") {
			return nil, fmt.Errorf("the tar format can hold no extended attribute of the name %q", name)
		}
		if size += len(name) + len(value); size > xattrLimit {
			return nil, fmt.Errorf("its extended attributes take more than %d bytes", xattrLimit)
		}
		records["SCHILY.xattr."+name] = value
	}
	return records, nil
}
