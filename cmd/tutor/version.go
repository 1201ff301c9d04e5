//go:build linux

package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"tutor/runtime/container"
)

// version is set by the Makefile from git; a plain `go build` says what Go knows.
var version = ""

func newVersion(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the versions of tutor, Go and the kernel",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			var u unix.Utsname
			if err := unix.Uname(&u); err != nil {
				return err
			}
			fmt.Fprintf(c.Out, "tutor    %s\ngo       %s %s/%s\nkernel   %s\ncgroups  %s\n", tutorVersion(), runtime.Version(),
				runtime.GOOS, runtime.GOARCH, unix.ByteSliceToString(u.Release[:]), container.HostLayout().Version())
			return nil
		},
	}
}

func tutorVersion() string {
	if version != "" {
		return version
	}
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return "(devel)"
}
