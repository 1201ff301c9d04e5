package toolbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
	"mvdan.cc/sh/v3/interp"
)

// cannotEnter tells why cd would fail, nil if it will not.
func cannotEnter(hc interp.HandlerContext, args []string) error {
	if len(args) != 2 || args[1] == "-" || args[1] == "" {
		return nil // the interpreter knows best
	}
	dir := args[1]
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(hc.Dir, dir)
	}
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return unix.ENOTDIR
	}
	if err == nil {
		err = unix.Access(dir, unix.X_OK)
	}
	return err
}

// cannotCd says it in the words that cat and ls use too.
func (s *shell) cannotCd(_ context.Context, hc interp.HandlerContext, args []string) error {
	fmt.Fprintf(hc.Stderr, "sh: cd: %s\n", reason(at(args[1], bare(cannotEnter(hc, args)))))
	return exitStatus(1)
}

// bare is the errno without the path that it came with.
func bare(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
