package toolbox

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

func touch(t *tool) error {
	o, err := parse("camd:r:", t.args)
	if err != nil {
		return err
	}
	when := time.Now()
	if o.has("d") {
		if when, err = parseTime(o.value('d', ""), time.Local); err != nil {
			return err
		}
	}
	if o.has("r") {
		info, err := os.Stat(o.value('r', ""))
		if err != nil {
			return err
		}
		when = info.ModTime()
	}
	for _, path := range o.rest {
		err := os.Chtimes(path, when, when)
		if errors.Is(err, fs.ErrNotExist) && !o.has("c") {
			var f *os.File
			if f, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o666); err == nil {
				f.Close()
				if o.has("dr") {
					err = os.Chtimes(path, when, when)
				}
			}
		}
		if o.has("c") && errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		t.complain(err)
	}
	return nil
}

func mkdir(t *tool) error {
	o, err := parse("pm:v parents=p", t.args)
	if err != nil {
		return err
	}
	mode, err := strconv.ParseUint(o.value('m', "777"), 8, 32)
	if err != nil {
		return usageError("-m takes an octal number")
	}
	create := os.Mkdir
	if o.has("p") {
		create = os.MkdirAll
	}
	for _, path := range o.rest {
		err := create(path, 0o777)
		if err == nil && o.has("m") {
			err = at(path, unix.Chmod(path, uint32(mode)))
		}
		t.complain(err)
	}
	return nil
}

func rmdir(t *tool) error {
	o, err := parse("p", t.args)
	if err != nil {
		return err
	}
	for _, path := range o.rest {
		err := at(path, unix.Rmdir(path))
		t.complain(err)
		for dir := filepath.Dir(path); o.has("p") && err == nil && dir != "." && dir != "/"; dir = filepath.Dir(dir) {
			err = at(dir, unix.Rmdir(dir))
			t.complain(err)
		}
	}
	return nil
}

func rm(t *tool) error {
	o, err := parse("rRfiv recursive=r force=f", t.args)
	if err != nil {
		return err
	}
	for _, path := range o.rest {
		if base := filepath.Base(path); base == "." || base == ".." || filepath.Clean(path) == "/" {
			t.complain(errors.New("refusing to remove " + path))
			continue
		}
		info, err := os.Lstat(path)
		switch {
		case errors.Is(err, fs.ErrNotExist) && o.has("f"):
			continue
		case err == nil && info.IsDir() && !o.has("rR"):
			err = at(path, unix.EISDIR)
		case err == nil && info.IsDir():
			err = os.RemoveAll(path)
		case err == nil:
			err = at(path, unix.Unlink(path))
		}
		t.complain(err)
	}
	return nil
}

func ln(t *tool) error {
	o, err := parse("sfnT symbolic=s force=f", t.args)
	if err != nil {
		return err
	}
	targets, dest := o.rest, "."
	switch {
	case len(targets) == 0:
		return usageError("what shall be linked?")
	case len(targets) > 1:
		targets, dest = targets[:len(targets)-1], targets[len(targets)-1]
	}
	inside := isDir(dest) && !o.has("T") && !(o.has("n") && isLink(dest))
	if len(targets) > 1 && !inside {
		return at(dest, unix.ENOTDIR)
	}
	for _, target := range targets {
		link := dest
		if inside {
			link = filepath.Join(dest, filepath.Base(target))
		}
		if o.has("f") {
			os.Remove(link)
		}
		if o.has("s") {
			t.complain(os.Symlink(target, link))
			continue
		}
		t.complain(os.Link(target, link))
	}
	return nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func isLink(path string) bool {
	info, err := os.Lstat(path)
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}
