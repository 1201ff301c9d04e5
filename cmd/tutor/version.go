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

// A versionView has the names of Docker's JSON. There is no server: what looks after the containers is the same program.
type versionView struct{ Client, Server programView }

type programView struct {
	Version       string
	GoVersion     string
	Os            string
	Arch          string
	KernelVersion string
	CgroupVersion string // in words
}

func newVersion(c *cli) *cobra.Command {
	var format string
	command := &cobra.Command{
		Use:     "version [OPTIONS]",
		Short:   "Show the versions of tutor, Go and the kernel",
		Example: "  tutor version\n  tutor version --format '{{.Server.Version}}'\n  tutor version --format json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			var u unix.Utsname
			if err := unix.Uname(&u); err != nil {
				return err
			}
			v := programView{tutorVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH, unix.ByteSliceToString(u.Release[:]),
				container.HostLayout().Version()}
			if format != "" {
				return printWhole(c.Out, format, versionView{v, v})
			}
			_, err := fmt.Fprintf(c.Out, "tutor    %s\ngo       %s %s/%s\nkernel   %s\ncgroups  %s\n", v.Version, v.GoVersion,
				v.Os, v.Arch, v.KernelVersion, v.CgroupVersion)
			return err
		},
	}
	command.Flags().StringVarP(&format, "format", "f", "", "a Go template, or json")
	return command
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
