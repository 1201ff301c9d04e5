//go:build linux

package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"tutor/runtime/container"
)

// An infoView is what `info` found, with the names that Docker's JSON and templates use.
type infoView struct {
	Containers         int
	ContainersRunning  int
	ContainersPaused   int
	ContainersStopped  int
	Images             int
	Driver             string
	MemoryLimit        bool
	SwapLimit          bool
	CPUCfsQuota        bool `json:"CpuCfsQuota"`
	CPUShares          bool
	CPUSet             bool
	PidsLimit          bool
	SystemTime         string
	LoggingDriver      string
	CgroupDriver       string
	CgroupVersion      string
	KernelVersion      string
	OperatingSystem    string
	OSVersion          string
	OSType             string
	Architecture       string
	RegistryConfig     registryView
	NCPU               int
	MemTotal           int64
	DockerRootDir      string
	Name               string
	ServerVersion      string
	SecurityOptions    []string
	LiveRestoreEnabled bool
	Warnings           []string
}

type registryView struct {
	InsecureRegistryCIDRs []string
	Mirrors               []string
}

func newInfo(c *cli) *cobra.Command {
	var format string
	command := &cobra.Command{
		Use:   "info [OPTIONS]",
		Short: "Display system-wide information",
		Long: "info says what tutor has here, how it is set, and what of this machine it can use. There is no server: its\n" +
			"version is tutor's own.",
		Example: "  tutor info\n  tutor info --format '{{.CgroupVersion}}'\n  tutor info --format json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v, err := c.info()
			if err != nil {
				return err
			}
			if format == "" {
				return v.print(c.Out, c.Err)
			}
			return printWhole(c.Out, format, v)
		},
	}
	command.Flags().StringVarP(&format, "format", "f", "", "a Go template, or json")
	return command
}

// info gathers what tutor has, and what the machine says of itself.
func (c *cli) info() (v infoView, err error) {
	store, err := c.Store()
	if err != nil {
		return v, err
	}
	images, err := store.List()
	if err != nil {
		return v, err
	}
	statuses, err := c.home().Statuses()
	if err != nil {
		return v, err
	}
	config, err := c.ImageConfig()
	if err != nil {
		return v, err
	}
	count := map[string]int{}
	for _, s := range statuses {
		count[s.Word]++
	}
	v = infoView{Containers: len(statuses), ContainersRunning: count["running"], ContainersPaused: count["paused"],
		ContainersStopped: count["created"] + count["exited"], Images: len(images), Driver: "overlay",
		SystemTime: time.Now().Format(time.RFC3339Nano), LoggingDriver: container.LogFile, CgroupDriver: "cgroupfs", OSType: "linux",
		RegistryConfig: registryView{InsecureRegistryCIDRs: append(slices.Clone(config.Insecure), "127.0.0.0/8"), Mirrors: config.Mirrors},
		DockerRootDir:  c.home().Root, ServerVersion: tutorVersion(), SecurityOptions: []string{}}
	if container.FiltersCalls() {
		v.SecurityOptions = append(v.SecurityOptions, "name=seccomp,profile=builtin")
	}
	v.controllers()
	return v, v.machine()
}

// controllers says which limits can be given here, and warns of those that cannot, in Docker's words.
func (v *infoView) controllers() {
	layout := container.HostLayout()
	has := func(controller string) bool {
		if controller == "swap" {
			files := []string{filepath.Join(layout.V1["memory"], "memory.memsw.limit_in_bytes"), filepath.Join(layout.Unified, "*", "memory.swap.max")}
			return slices.ContainsFunc(files, func(pattern string) bool { found, _ := filepath.Glob(pattern); return len(found) > 0 })
		}
		return layout.V1[controller] != "" || slices.Contains(layout.Controllers, controller)
	}
	v.CgroupVersion = "1"
	if layout.Unified != "" && len(layout.V1) == 0 {
		v.CgroupVersion = "2"
	}
	for _, one := range []struct {
		there      *bool
		controller string
		warning    string
	}{
		{&v.MemoryLimit, "memory", "WARNING: No memory limit support"},
		{&v.SwapLimit, "swap", "WARNING: No swap limit support"},
		{&v.CPUCfsQuota, "cpu", "WARNING: No cpu cfs quota support"},
		{&v.CPUShares, "cpu", "WARNING: No cpu shares support"},
		{&v.CPUSet, "cpuset", "WARNING: No cpuset support"},
		{&v.PidsLimit, "pids", "WARNING: No pids limit support"},
	} {
		*one.there = has(one.controller)
		if !*one.there {
			v.Warnings = append(v.Warnings, one.warning)
		}
	}
}

// machine is the kernel's word (uname(2), sysinfo(2)), and os-release(5).
func (v *infoView) machine() error {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err
	}
	v.KernelVersion, v.Name = unix.ByteSliceToString(u.Release[:]), unix.ByteSliceToString(u.Nodename[:])
	v.Architecture = unix.ByteSliceToString(u.Machine[:])
	v.NCPU, v.MemTotal = container.Machine()
	v.OperatingSystem = "<unknown>"
	for _, file := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		f, err := os.Open(file)
		if err != nil {
			continue
		}
		defer f.Close()
		for scan := bufio.NewScanner(f); scan.Scan(); {
			key, value, _ := strings.Cut(scan.Text(), "=")
			switch key {
			case "PRETTY_NAME":
				v.OperatingSystem = strings.Trim(value, `"'`)
			case "VERSION_ID":
				v.OSVersion = strings.Trim(value, `"'`)
			}
		}
		break
	}
	return nil
}

// print is Docker's list, without what only a daemon has. Warnings go to standard error.
func (v infoView) print(out, warnings io.Writer) error {
	var b strings.Builder
	for _, row := range []struct {
		key   string
		value any
	}{
		{"Containers", v.Containers}, {" Running", v.ContainersRunning}, {" Paused", v.ContainersPaused}, {" Stopped", v.ContainersStopped},
		{"Images", v.Images}, {"Server Version", v.ServerVersion}, {"Storage Driver", v.Driver}, {"Logging Driver", v.LoggingDriver},
		{"Cgroup Driver", v.CgroupDriver}, {"Cgroup Version", v.CgroupVersion},
		{"Kernel Version", v.KernelVersion}, {"Operating System", v.OperatingSystem}, {"OSType", v.OSType}, {"Architecture", v.Architecture},
		{"CPUs", v.NCPU}, {"Total Memory", units.BytesSize(float64(v.MemTotal))}, {"Name", v.Name}, {"Docker Root Dir", v.DockerRootDir},
	} {
		fmt.Fprintf(&b, "%s: %v\n", row.key, row.value)
	}
	if len(v.SecurityOptions) > 0 {
		fmt.Fprintf(&b, "Security Options:\n seccomp\n  Profile: builtin\n")
	}
	fmt.Fprintf(&b, "Insecure Registries:\n %s\n", strings.Join(v.RegistryConfig.InsecureRegistryCIDRs, "\n "))
	if len(v.RegistryConfig.Mirrors) > 0 {
		fmt.Fprintf(&b, "Registry Mirrors:\n %s\n", strings.Join(v.RegistryConfig.Mirrors, "\n "))
	}
	fmt.Fprintf(&b, "Live Restore Enabled: %v\n", v.LiveRestoreEnabled)
	for _, w := range v.Warnings {
		fmt.Fprintln(warnings, w)
	}
	_, err := io.WriteString(out, b.String())
	return err
}
