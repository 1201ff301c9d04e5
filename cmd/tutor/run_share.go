//go:build linux

package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/spf13/pflag"

	"tutor/runtime/container"
	"tutor/runtime/image"
)

// shareFlags are what a container shares with the host or with other containers, and the smaller settings of it.
type shareFlags struct {
	pid, ipc, uts, cgroups, users string
	sysctls                       []string
	shm                           string
	labelFiles                    []string
	annotations                   []string
	volumesFrom                   []string
	expose                        []string
}

func (f *shareFlags) define(flags *pflag.FlagSet, o *container.Options) {
	flags.StringVar(&f.pid, "pid", "", "PID namespace to use: host, or the container's own")
	flags.StringVar(&f.ipc, "ipc", "", "IPC mode to use: private")
	flags.StringVar(&f.uts, "uts", "", "UTS namespace to use: host, or the container's own")
	flags.StringVar(&f.cgroups, "cgroupns", "", "Cgroup namespace to use: host, or private")
	flags.StringVar(&f.users, "userns", "", "User namespace to use: the host's")
	flags.Var((*list)(&o.GroupAdd), "group-add", "Add additional groups to join")
	flags.Var((*list)(&f.sysctls), "sysctl", "Kernel parameters of the container's own namespaces (net.ipv4.ip_forward=1)")
	flags.StringVar(&f.shm, "shm-size", "", "Size of /dev/shm (64m)")
	flags.Var((*list)(&f.expose), "expose", "Expose a port or a range of ports")
	flags.Var((*list)(&f.labelFiles), "label-file", "Read in a line delimited file of labels")
	flags.Var((*list)(&f.annotations), "annotation", "Add an annotation to the container (passed through to the OCI runtime)")
	flags.Var((*list)(&f.volumesFrom), "volumes-from", "Mount volumes from the specified container(s)")
	flags.Bool("no-healthcheck", false, "Disable any container-specified HEALTHCHECK: none is ever run")
	flags.Bool("disable-content-trust", true, "Skip image verification: a digest is always checked")
	for _, nothing := range []string{"userns", "no-healthcheck", "disable-content-trust"} {
		flags.MarkHidden(nothing)
	}
}

// into reads the texts.
func (f *shareFlags) into(o *container.Options) (err error) {
	for _, space := range []struct {
		flag, value string
		own         string // the word for one of its own
		kind        specs.LinuxNamespaceType
	}{
		{"pid", f.pid, "", specs.PIDNamespace},
		{"uts", f.uts, "", specs.UTSNamespace},
		{"cgroupns", f.cgroups, "private", specs.CgroupNamespace},
	} {
		switch space.value {
		case "", space.own:
		case "host":
			o.Shared = append(o.Shared, space.kind)
		default:
			return container.Hint(fmt.Errorf("--%s: invalid mode: %s", space.flag, space.value), "host, or nothing for one of its own; --network container:NAME shares another container's network")
		}
	}
	if f.ipc != "" && f.ipc != "private" {
		return container.Hint(fmt.Errorf("--ipc: invalid mode: %s", f.ipc), "private: tutor shares nobody's memory; containers can share a volume")
	}
	if f.users != "" && f.users != "host" {
		return container.Hint(fmt.Errorf("--userns: invalid USER mode: %s", f.users), "tutor makes no user namespaces: root inside is root, with fewer powers")
	}
	if o.Hostname != "" && slices.Contains(o.Shared, specs.UTSNamespace) {
		return container.Hint(errors.New("conflicting options: hostname and the UTS mode"), "with --uts host the name would be the host's own")
	}
	if f.shm != "" {
		if o.ShmSize, err = ramBytes("--shm-size", f.shm); err != nil {
			return err
		}
	}
	if o.Sysctls, err = sysctls(f.sysctls, o); err != nil {
		return err
	}
	for _, text := range f.expose {
		ports, err := image.Exposed(text)
		if err != nil {
			return container.Hint(fmt.Errorf("invalid range format for --expose: %s: %w", text, err), "--expose 80, --expose 8000-8010/udp")
		}
		o.Expose = append(o.Expose, ports...)
	}
	if o.Annotations, err = labels(f.annotations); err != nil {
		return err
	}
	return f.labels(o)
}

// labels of a file are weaker than those of the command line.
func (f *shareFlags) labels(o *container.Options) error {
	var lines []string
	for _, name := range f.labelFiles {
		more, err := fileLines("label", name)
		if err != nil {
			return container.Hint(err, "a file in UTF-8 with lines KEY=VALUE, or -l KEY=VALUE")
		}
		lines = append(lines, more...)
	}
	set, err := labels(lines)
	if err != nil {
		return err
	}
	maps.Copy(set, o.Labels)
	o.Labels = set
	return nil
}

// sysctls are only those that belong to a namespace of the container's own: any other is the host's (CVE-2022-0811).
func sysctls(texts []string, o *container.Options) (map[string]string, error) {
	set := map[string]string{}
	for _, text := range texts {
		key, value, found := strings.Cut(text, "=")
		if !found || !container.OwnSysctl(key, o) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' }) {
			return nil, container.Hint(fmt.Errorf("sysctl '%s' is not allowed", text), "net.… inside the container's own network, kernel.msg…, kernel.sem, kernel.shm… and fs.mqueue.… inside its own IPC namespace")
		}
		set[key] = value
	}
	return set, nil
}

// inherit adds what --volumes-from names, where the command line itself puts nothing.
func (f *shareFlags) inherit(home container.Home, o *container.Options) error {
	for _, text := range f.volumesFrom {
		name, mode, _ := strings.Cut(text, ":")
		if mode != "" && mode != "ro" && mode != "rw" {
			return container.Hint(fmt.Errorf("invalid mode: %s", mode), "--volumes-from CONTAINER[:ro]")
		}
		binds, volumes, err := home.VolumesOf(name)
		if err != nil {
			return err
		}
		for _, m := range binds {
			if mode == "ro" {
				m.Options = append(slices.Clone(m.Options), "ro")
			}
			if !o.Mounted(m.Destination) {
				o.Mounts = append(o.Mounts, m)
			}
		}
		for _, v := range volumes {
			v.RW = v.RW && mode != "ro"
			if !o.Mounted(v.Destination) {
				o.Volumes = append(o.Volumes, v)
			}
		}
	}
	return nil
}
