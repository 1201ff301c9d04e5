package container

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/cgroups"
	"tutor/runtime/layers"
)

// readHost looks at what the spec takes from this machine.
func readHost() Host {
	hostname, _ := os.Hostname()
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	unix.Capget(&header, &data[0])
	throttles, _ := filepath.Glob("/sys/devices/system/cpu/cpu*/thermal_throttle")
	return Host{Environ: os.Environ(), Hostname: hostname, Held: uint64(data[0].Permitted) | uint64(data[1].Permitted)<<32, IPv6: knowsIPv6(), Seccomp: FiltersCalls(), Throttles: throttles}
}

// sharedRoot tells if "/" passes mounts on to other namespaces: "shared:N" in proc_pid_mountinfo(5).
func sharedRoot() bool {
	mountinfo, _ := os.ReadFile("/proc/self/mountinfo")
	for _, line := range strings.Split(string(mountinfo), "\n") {
		if fields := strings.Fields(line); len(fields) > 6 && fields[4] == "/" {
			return strings.HasPrefix(fields[6], "shared:")
		}
	}
	return false
}

func cgroupsGroup(layout cgroups.Layout, id string, o Options) cgroups.Group {
	g := cgroups.Group{Layout: layout, Name: groupName(id)}
	r := o.Resources
	conf := func(controller string) bool {
		return slices.ContainsFunc(slices.Collect(maps.Keys(r.Unified)), func(file string) bool { return strings.HasPrefix(file, controller+".") })
	}
	for _, need := range []struct {
		controller string
		wanted     bool
	}{
		{"memory", r.Memory != nil},
		{"cpu", r.CPU != nil && (r.CPU.Quota != nil || r.CPU.Shares != nil)},
		{"cpuset", r.CPU != nil && r.CPU.Cpus != ""},
		{"pids", r.Pids != nil},
		{"io", r.BlockIO != nil},
	} {
		if need.wanted || conf(need.controller) {
			g.Needs = append(g.Needs, need.controller)
		}
	}
	return g
}

func readTrimmed(path string) string {
	content, _ := os.ReadFile(path)
	return strings.TrimSpace(string(content))
}

// initPath is where the program is found that is PID 1 with --init; Docker's name for it.
const initPath = "/sbin/docker-init"

// noBinds are the two lists of what the container shall see of the host's files, still empty.
func noBinds() (files, volumes layers.Binds) {
	return layers.Binds{Name: "files", Why: "names and addresses of this container: the image's would be somebody else's", LeftOut: "no image, no files"},
		layers.Binds{Name: "volumes", Why: "directories that outlive the container, or that it shares", LeftOut: "no -v or --mount given"}
}

// binds fills in what the container shall see of the host's files: its own three, and the volumes of the spec.
func (c *Container) binds(p *Plan, image Image) error {
	c.Plan = *p
	p.Files, p.Volumes = noBinds()
	if !c.Options.bare() {
		for _, f := range c.files() {
			p.Files.List = append(p.Files.List, layers.Bind{Source: filepath.Join(c.home.Dir(c.State.ID), f.name), Target: f.target, File: true})
		}
	}
	if c.Options.Init {
		p.Files.List = append(p.Files.List, layers.Bind{Source: image.Toolbox, Target: initPath, File: true, ReadOnly: true})
	}
	for _, m := range p.Spec.Mounts {
		if m.Type != "bind" {
			continue
		}
		bind, err := c.bind(m, image)
		if err != nil {
			return err
		}
		p.Volumes.List = append(p.Volumes.List, bind)
		p.Files.List = slices.DeleteFunc(p.Files.List, func(own layers.Bind) bool { return own.Target == bind.Target })
	}
	p.Volumes.List = append(p.Volumes.List, memoryIn(p.Volumes.List, p.Spec)...)
	slices.SortStableFunc(p.Volumes.List, func(a, b layers.Bind) int { return outermost(a.Target, b.Target) })
	return nil
}

// outermost puts /x before /x/y, however they were written: mounted after it, /x would hide what is at /x/y.
func outermost(a, b string) int { return strings.Count(a, "/") - strings.Count(b, "/") }

// memoryIn are the mounts in memory that lie in one of the volumes: mounted before it, they would be hidden by it.
func memoryIn(volumes []layers.Bind, s *specs.Spec) []layers.Bind {
	var found []layers.Bind
	for _, m := range inMemory(s) {
		in := func(b layers.Bind) bool { return strings.HasPrefix(m.Destination, b.Target+"/") }
		if slices.ContainsFunc(volumes, in) {
			found = append(found, layers.Bind{Target: m.Destination, Memory: &m})
		}
	}
	return found
}

// bind is one volume of the spec. Where its target leads is found out in the image, and judged again there.
func (c *Container) bind(m specs.Mount, image Image) (layers.Bind, error) {
	dir, err := c.isDir(m.Source)
	if err != nil && c.missing == nil {
		c.missing = Hint(fmt.Errorf("invalid mount config for type \"bind\": bind source path does not exist: %s", m.Source), "make it first, or use -v, which makes it")
	}
	target := filepath.Clean(m.Destination)
	above, last := target, ""
	if !dir { // a file lies over the link itself
		above, last = filepath.Split(target)
	}
	resolved, err := image.Layers.Resolve(above)
	if err != nil {
		return layers.Bind{}, fmt.Errorf("mount at %q: %w", target, err)
	}
	target = filepath.Join(resolved, last)
	return layers.Bind{Source: m.Source, Target: target, File: !dir, ReadOnly: readOnly(m)}, CheckTarget(target)
}

// isDir tells if the source of a bind is a directory, or will be one when the container starts.
func (c *Container) isDir(source string) (bool, error) {
	info, err := os.Stat(source)
	if err == nil {
		return info.IsDir(), nil
	}
	of := func(v VolumeUse) bool { return c.home.Volumes().Data(v.Name) == source }
	if slices.Contains(c.Options.HostDirs, source) || slices.ContainsFunc(c.Options.Volumes, of) {
		return true, nil
	}
	return false, err
}

func readOnly(m specs.Mount) bool {
	for _, o := range m.Options {
		if o == "ro" {
			return true
		}
	}
	return false
}
