package layers

import (
	"errors"
	"path"

	"golang.org/x/sys/unix"
)

// mountSteps bounds how long the place of one mount is looked for: 50 ms. An image may ask for a hundred volumes.
const mountSteps = 50_000

// Resolve follows the symlinks of a path as a container of the stack would, and returns where they lead: an
// absolute path without any. What is missing is kept as it is written, so a link to nowhere leads to the place
// that it names. Without this "/x/sys" with x -> /proc would look harmless.
func (s Stack) Resolve(name string) (string, error) {
	to, err := s.ResolveAll(name)
	if err != nil {
		return "", err
	}
	return to[0], nil
}

// ResolveAll is Resolve for several paths, whose layers are opened once.
func (s Stack) ResolveAll(names ...string) (to []string, err error) {
	t, err := openTree(s, mountSteps)
	if err != nil {
		return nil, err
	}
	defer t.close()
	for _, name := range names {
		one, err := t.resolve(name)
		if err != nil {
			return nil, err
		}
		to = append(to, one)
	}
	return to, nil
}

func (t *tree) resolve(name string) (string, error) {
	w, err := t.walk()
	if err != nil {
		return "", err
	}
	defer w.close()
	missing, err := w.asFar(split(name))
	if err != nil {
		return "", err
	}
	return "/" + path.Join(join(w.names), join(missing)), nil
}

// asFar goes along components as far as there is something, and returns what is left.
func (w *walk) asFar(components []string) (missing []string, err error) {
	for len(components) > 0 {
		name := components[0]
		components = components[1:]
		if name == ".." && len(missing) > 0 {
			missing = missing[:len(missing)-1]
			continue
		}
		if name == ".." {
			w.back(1)
			continue
		}
		if len(missing) > 0 {
			missing = append(missing, name)
			continue
		}
		n, err := w.tree.lookup(w.here(), name)
		if errors.Is(err, unix.ENOENT) {
			missing = append(missing, name)
			continue
		}
		if err != nil {
			return nil, err
		}
		switch n.kind {
		case unix.S_IFDIR:
			w.dirs, w.names = append(w.dirs, n), append(w.names, name)
		case unix.S_IFLNK:
			target, err := w.link(n)
			if err != nil {
				return nil, err
			}
			components = append(target, components...)
		default:
			n.close()
			missing = append(missing, name)
		}
	}
	return missing, nil
}
