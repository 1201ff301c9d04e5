//go:build box

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

var layers = list("layer", "a directory of the root; the lowest first")

const rootVariable = "BOX_ROOT" // tells the child where to mount

// list is a flag that may be given more than once.
func list(name, usage string) *[]string {
	var values []string
	flag.Func(name, usage, func(value string) error {
		values = append(values, value)
		return nil
	})
	return &values
}

// scratch mounts a tmpfs that only this mount namespace has: no other box sees it, and the kernel takes it away with the
// last process in here.
func scratch() (string, error) {
	base := os.Getenv(rootVariable)
	os.Unsetenv(rootVariable)
	if err := syscall.Mount("tmpfs", base, "tmpfs", 0, "mode=755"); err != nil {
		return "", fmt.Errorf("tmpfs: %w", err)
	}
	return base, nil
}

// changeRoot mounts the layers as one tree and makes it the root. What COMMAND writes goes to base.
func changeRoot(base string, layers []string) error {
	if len(layers) == 0 {
		return nil
	}
	for _, dir := range []string{"upper", "work", "root"} {
		if err := os.Mkdir(filepath.Join(base, dir), 0o755); err != nil {
			return err
		}
	}
	top := slices.Clone(layers)
	slices.Reverse(top) // lowerdir wants the topmost first
	options := "lowerdir=" + strings.Join(top, ":") + ",upperdir=" + base + "/upper,workdir=" + base + "/work"
	root := filepath.Join(base, "root")
	if err := syscall.Mount("overlay", root, "overlay", 0, options); err != nil {
		return fmt.Errorf("overlay of %s: %w", strings.Join(layers, ", "), err)
	}
	return pivot(root)
}

// pivot makes dir the root, and takes the old one away: it ends up on top of the new one, and is unmounted there.
// After chroot it would only be hidden.
func pivot(dir string) error {
	if err := os.Chdir(dir); err != nil {
		return err
	}
	if err := syscall.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := syscall.Unmount(".", syscall.MNT_DETACH); err != nil {
		return fmt.Errorf("umount of the old root: %w", err)
	}
	return os.Chdir("/")
}
