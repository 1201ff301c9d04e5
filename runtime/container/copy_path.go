package container

import (
	"errors"
	"path"
	"strings"
)

// A copied is one end of a copy: what lies under a path.
type copied struct {
	path   string // as it was typed, absolute; a slash or "/." at its end means something
	exists bool
	isDir  bool
}

// name is what the source is called in the archive: "." when only what is in it is wanted.
func (c copied) name() string {
	if c.path == "/" {
		return "."
	}
	return path.Base(c.path)
}

// settle says where a copy goes: the directory that gets it, and the name that it has there. The rules are
// Docker's (docker cp, "Extended description"), and cp(1)'s almost: into a directory that is there, beside its
// name if it is not; and a slash at the end says that a directory is meant.
func settle(from, to copied) (dir, name string, err error) {
	dir, name = splitEntry(to.path)
	switch {
	case to.exists && to.isDir:
		return to.path, from.name(), nil
	case to.exists && from.isDir:
		return "", "", errors.New("cannot copy directory")
	case !to.exists && !from.isDir && assertsDirectory(to.path):
		return "", "", Hint(errors.New("no such directory"), "with a slash at its end "+to.path+" must be there; without it, that is the copy's name")
	}
	return dir, name, nil
}

// splitEntry cuts the last name off. "/." is a name here: /new/. is the entry "." of a directory /new.
func splitEntry(name string) (dir, base string) {
	if path.Base(name) == "." {
		return path.Clean(name), "."
	}
	name = path.Clean(name)
	return path.Dir(name), path.Base(name)
}

func assertsDirectory(name string) bool {
	return strings.HasSuffix(name, "/") || path.Base(name) == "."
}

// keepEnd cleans a path, but keeps the slash or "/." at its end, which Clean would take away and which means
// something to settle.
func keepEnd(clean, typed string) string {
	if path.Base(clean) != "." && path.Base(typed) == "." {
		clean = strings.TrimSuffix(clean, "/") + "/."
	}
	if !strings.HasSuffix(clean, "/") && strings.HasSuffix(typed, "/") {
		clean += "/"
	}
	return clean
}
