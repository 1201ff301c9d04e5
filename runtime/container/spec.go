package container

import (
	"cmp"
	"fmt"
	"net/netip"
	"path"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tutor/runtime/networks"
	"tutor/runtime/ports"
)

// Options are what `tutor run` was told, as its flags say it; the image's config fills in what they leave open.
type Options struct {
	Image       string
	Command     []string // what stands after the image
	Entrypoint  *string  // nil: the image's; "": none
	Name        string
	Hostname    string
	User        string // name|uid[:group|gid]
	Workdir     string
	Env         []string // KEY=VALUE
	Labels      map[string]string
	Mounts      []specs.Mount   // binds and tmpfs
	HostDirs    []string        // sources of binds that are made when they are missing: -v does, --mount does not
	Volumes     []VolumeUse     // named and anonymous ones
	Network     string          // "bridge", "host", "none", "container:NAME" or a network's name
	Networks    []networks.Wish // more than that name: addresses, aliases, several networks
	Ports       []ports.Port    // -p
	PublishAll  bool            // -P
	ExtraHosts  []string        // --add-host NAME:IP
	DNS         []netip.Addr    // --dns
	DNSSearch   []string
	DNSOptions  []string
	Resources   specs.LinuxResources
	Ulimits     []specs.POSIXRlimit
	CapAdd      []string
	CapDrop     []string
	NoNewPrivs  bool
	Seccomp     string // "": Docker's profile; Unconfined: none; else a profile in Docker's JSON
	ReadOnly    bool
	Init        bool
	Interactive bool
	StdinStays  bool // run -d -i: the end of one person's input is not the command's
	Terminal    bool
	Remove      bool   // --rm
	StopSignal  string // "SIGINT"; empty: the image's, or SIGTERM
	StopTimeout *int   // seconds until SIGKILL; nil: ten; below zero: never
	Log         LogConfig
	Lab         int
	Without     []string

	Shared      []specs.LinuxNamespaceType // --pid host and its kin: namespaces of the host
	GroupAdd    []string                   // more groups of the user, by name or number
	Sysctls     map[string]string          // --sysctl
	ShmSize     int64                      // of /dev/shm, in bytes; 0: 64 MB
	Expose      []string                   // "80/tcp"
	Annotations map[string]string
}

// Host is what the spec takes from the machine.
type Host struct {
	Environ  []string // the caller's environment: for labs 1 to 3, which have no image
	Hostname string
	Held     uint64 // the capabilities that tutor itself has; nobody can give more
	IPv6     bool   // the kernel has it
	Seccomp  bool   // the kernel can filter system calls

	Throttles []string // of each processor, how often heat has slowed it down: a side channel
}

// Spec turns options and the image's config into the OCI runtime's config.json (OCI runtime-spec, config.md).
// id is the container's; users reads /etc/passwd and /etc/group as the image has them.
func (o Options) Spec(id string, image v1.Config, host Host, users Users) (*specs.Spec, error) {
	if o.bare() {
		return o.bareSpec(host), nil
	}
	user, home, err := users.with(cmp.Or(o.User, image.User), o.GroupAdd)
	if err != nil {
		return nil, err
	}
	args, err := o.args(image)
	if err != nil {
		return nil, err
	}
	cwd := path.Clean("/" + cmp.Or(o.Workdir, image.WorkingDir))
	hostname := cmp.Or(o.Hostname, id[:12])
	if o.Hostname == "" && (o.Network == "host" || o.shares(specs.UTSNamespace)) {
		hostname = host.Hostname
	}
	caps, err := o.capabilities(host.Held)
	if err != nil {
		return nil, err
	}
	s := &specs.Spec{
		Version:  specs.Version,
		Hostname: hostname,
		Root:     &specs.Root{Path: "rootfs", Readonly: o.ReadOnly},
		Mounts:   slices.Concat(o.usualMounts(), o.Mounts),
		Process: &specs.Process{
			Terminal:        o.Terminal,
			User:            user,
			Args:            args,
			Env:             o.env(image.Env, hostname, home),
			Cwd:             cwd,
			Capabilities:    &specs.LinuxCapabilities{Bounding: caps, Effective: caps, Permitted: caps},
			Rlimits:         o.Ulimits,
			NoNewPrivileges: o.NoNewPrivs,
		},
		Linux: &specs.Linux{
			Resources:     &o.Resources,
			MaskedPaths:   slices.Concat(maskedPaths, host.Throttles),
			ReadonlyPaths: readonlyPaths,
			Sysctl:        o.sysctls(host.IPv6),
		},
		Annotations: o.Annotations,
	}
	for _, kind := range defaultNamespaces {
		if o.shares(kind) {
			continue
		}
		s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: kind})
	}
	s.Linux.Seccomp, err = o.filter(s, host)
	return s, err
}

// bare tells if the labs so far have no image: the command runs on the host's own root.
func (o Options) bare() bool { return o.Lab > 0 && o.Lab < 4 }

// bareSpec is a process of the host in whatever namespaces and groups the labs up to 3 have taught. It keeps
// the caller's environment and directory, as any process does.
func (o Options) bareSpec(host Host) *specs.Spec {
	s := &specs.Spec{
		Version:  specs.Version,
		Hostname: cmp.Or(o.Hostname, "tutor"),
		Root:     &specs.Root{Path: "/"},
		Mounts:   defaultMounts,
		Process:  &specs.Process{Terminal: o.Terminal, Args: o.Command, Env: merge(host.Environ, o.Env), Cwd: "", Rlimits: o.Ulimits},
		Linux:    &specs.Linux{Resources: &o.Resources},
	}
	for _, kind := range defaultNamespaces {
		s.Linux.Namespaces = append(s.Linux.Namespaces, specs.LinuxNamespace{Type: kind})
	}
	return s
}

// args is the command: ENTRYPOINT then CMD, each replaced by what the command line says. An own entrypoint
// drops the image's CMD too, as in Docker.
func (o Options) args(image v1.Config) ([]string, error) {
	entrypoint, command := image.Entrypoint, image.Cmd
	if o.Entrypoint != nil {
		entrypoint, command = nil, nil
		if *o.Entrypoint != "" {
			entrypoint = []string{*o.Entrypoint}
		}
	}
	if len(o.Command) > 0 {
		command = o.Command
	}
	args := slices.Concat(entrypoint, command)
	if len(args) == 0 || args[0] == "" {
		return nil, Hint(fmt.Errorf("no command specified"), "the image names none: put one after the image, or use --entrypoint")
	}
	if o.Init {
		args = append([]string{initPath, "--"}, args...)
	}
	return args, nil
}

// env is Docker's: PATH, HOSTNAME, TERM with a terminal, then the image's, then -e, and HOME if nobody set it.
func (o Options) env(image []string, hostname, home string) []string {
	base := []string{defaultPath, "HOSTNAME=" + hostname}
	if o.Terminal {
		base = append(base, "TERM=xterm")
	}
	env := merge(merge(base, image), o.Env)
	if !slices.ContainsFunc(env, func(e string) bool { return strings.HasPrefix(e, "HOME=") }) {
		env = append(env, "HOME="+home)
	}
	return env
}

// merge replaces the variables of base that more sets again, in their places, and appends the others. A name without a value
// takes its variable away.
func merge(base, more []string) []string {
	env := slices.Clone(base)
	for _, e := range more {
		key, _, set := strings.Cut(e, "=")
		at := slices.IndexFunc(env, func(have string) bool { return strings.HasPrefix(have, key+"=") })
		switch {
		case at >= 0 && set:
			env[at] = e
		case at >= 0:
			env = slices.Delete(env, at, at+1)
		case set:
			env = append(env, e)
		}
	}
	return env
}

// capabilities is Docker's default set, plus --cap-add, minus --cap-drop, and never more than tutor holds:
// giving what one has not is EPERM.
func (o Options) capabilities(held uint64) ([]string, error) {
	var caps []string
	add, err := normalize(o.CapAdd)
	if err != nil {
		return nil, err
	}
	drop, err := normalize(o.CapDrop)
	if err != nil {
		return nil, err
	}
	for bit, name := range capabilityNames() {
		wanted := slices.Contains(defaultCapabilities, name) || slices.Contains(add, "ALL")
		if slices.Contains(drop, "ALL") {
			wanted = false
		}
		if slices.Contains(drop, name) {
			wanted = false
		}
		if slices.Contains(add, name) {
			wanted = true
		}
		if wanted && held&(1<<bit) != 0 {
			caps = append(caps, name)
		}
	}
	return caps, nil
}
