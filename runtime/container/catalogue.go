package container

import (
	"io/fs"
	"net/netip"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/cgroups"
	"tutor/runtime/layers"
	"tutor/runtime/network"
	"tutor/runtime/ports"
	"tutor/runtime/privileges"
	"tutor/runtime/process"
	"tutor/runtime/program"
	"tutor/runtime/sys"
	"tutor/runtime/terminal"
)

// Catalogue is a few starts, an exec and a stop, which between them do everything that can be done: whoever wants to speak of
// every entry (tutor explain) finds it here with its calls. Nothing runs, and this machine is not asked: the
// host of these starts is made up.
func Catalogue() ([]program.Program, error) {
	var all []program.Program
	for _, start := range []struct {
		options Options
		layout  cgroups.Layout
	}{
		{everything(), v2}, // every flag
		{Options{Command: []string{"sh"}, Network: "none", Without: []string{"private"}}, v2}, // no -it: an empty input; and a stand-in
		{everything(), hybrid}, // cgroup v1: the child joins its groups
	} {
		p, err := start.options.example(start.layout)
		if err != nil {
			return nil, err
		}
		list, err := p.Program()
		if err != nil {
			return nil, err
		}
		all = append(all, list)
	}
	entered, err := everyExec(v2).Program() // and one command more
	return append(all, entered, everyStop().Program()), err
}

// example is the Plan of a start on a host that there is not.
func (o Options) example(layout cgroups.Layout) (Plan, error) {
	const id = "0123456789ab"
	noFiles := func(string) ([]byte, error) { return nil, fs.ErrNotExist }
	host := Host{Environ: []string{"PATH=/usr/bin:/bin"}, Hostname: "host", Held: 1<<41 - 1, IPv6: true, Seccomp: true}
	spec, err := o.Spec(id, v1.Config{Env: []string{"PATH=/bin"}}, host, noFiles)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Spec: spec, Group: cgroupsGroup(layout, id, o), Interactive: o.Interactive, Shared: true, Without: o.Without,
		Terminal: terminal.NewPair(o.Terminal, terminal.Size{Rows: 24, Columns: 80}),
		Root: layers.Root{Layers: []string{"python", "debian"}, Base: "/var/lib/tutor/layers",
			Upper: "../box/upper", Work: "../box/work", Target: "../box/rootfs"}}
	if p.Filter, err = privileges.Filter(spec.Linux.Seccomp); err != nil {
		return Plan{}, err
	}
	p.plugExample(o)
	p.Files, p.Volumes = noBinds()
	p.Files.List = []layers.Bind{{Source: "/var/lib/tutor/box/hosts", Target: "/etc/hosts", File: true}}
	p.Volumes.List = []layers.Bind{{Source: "/srv/data", Target: "/data", ReadOnly: true}}
	return p, nil
}

var (
	v2     = cgroups.Layout{Unified: "/sys/fs/cgroup", Controllers: []string{"cpuset", "cpu", "io", "memory", "pids"}}
	hybrid = cgroups.Layout{CPUs: "0-3", Mems: "0", Unified: "/sys/fs/cgroup/unified", V1: map[string]string{"memory": "/sys/fs/cgroup/memory",
		"cpu": "/sys/fs/cgroup/cpu", "pids": "/sys/fs/cgroup/pids", "cpuset": "/sys/fs/cgroup/cpuset", "blkio": "/sys/fs/cgroup/blkio"}}
)

// plugExample connects the Plan with a network that there is not.
func (p *Plan) plugExample(o Options) {
	p.UDP, p.TCP, p.Wire = &sys.Result{Name: "udp"}, &sys.Result{Name: "tcp"}, network.NewWire(&sys.Result{Name: "pid"})
	p.Wire.LeftOut = o.unplugged()
	if !o.plugged() {
		return
	}
	p.Wire = network.NewWire(p.Wire.PID, exampleEndpoint)
	p.Ports = ports.New("tutor", portMaps, o.Ports, false)
	p.Ports.IPv4 = exampleEndpoint.Addresses[0].Addr()
}

// exampleEndpoint is a place on a network that there is not.
var exampleEndpoint = network.Endpoint{
	Net:       network.Net{Table: "tutor", Bridge: "tutor0", Index: 1 << 24, MAC: []byte{2, 0x42, 0, 0, 0, 1}, Gateways: []netip.Prefix{netip.MustParsePrefix("172.17.0.1/16")}},
	Interface: "eth0", Index: insideIndex, Outside: "veth012345670", MAC: []byte{2, 0x42, 172, 17, 0, 2},
	Addresses: []netip.Prefix{netip.MustParsePrefix("172.17.0.2/16")}, Routes: []netip.Addr{netip.MustParseAddr("172.17.0.1")}}

// everything is a run with every flag that makes an entry.
func everything() Options {
	memory, swap, quota, period, shares, pids := int64(64<<20), int64(128<<20), int64(50000), uint64(100000), uint64(512), int64(40)
	disk := specs.LinuxThrottleDevice{Rate: 1 << 20}
	disk.Major, disk.Minor = 254, 0
	return Options{
		Command: []string{"sh"}, User: "1000:1000", Workdir: "/srv", Terminal: true, Interactive: true, ReadOnly: true, NoNewPrivs: true, Ports: []ports.Port{{Protocol: "tcp", Container: 80, Host: 8080, IP: netip.AddrFrom4([4]byte{127, 0, 0, 1})}},
		Mounts:  []specs.Mount{{Type: "tmpfs", Source: "tmpfs", Destination: "/run", Options: []string{"nosuid", "size=1m"}}},
		Ulimits: []specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 64, Hard: 128}},
		Resources: specs.LinuxResources{
			Memory:  &specs.LinuxMemory{Limit: &memory, Swap: &swap},
			CPU:     &specs.LinuxCPU{Quota: &quota, Period: &period, Shares: &shares, Cpus: "0"},
			Pids:    &specs.LinuxPids{Limit: &pids},
			BlockIO: &specs.LinuxBlockIO{ThrottleReadBpsDevice: []specs.LinuxThrottleDevice{disk}, ThrottleWriteBpsDevice: []specs.LinuxThrottleDevice{disk}},
			Unified: map[string]string{"memory.oom.group": "1"},
		},
	}
}

// everyExec is a command with every flag that makes an entry, in a container with every flag that makes one.
func everyExec(layout cgroups.Layout) ExecPlan {
	return ExecPlan{
		PID: 4711, Own: defaultNamespaces, Interactive: true, Pipes: process.NewPipes(),
		Group:    cgroups.Group{Layout: layout, Name: groupName("0123456789ab"), Needs: []string{"memory", "pids"}},
		Terminal: terminal.NewPair(true, terminal.Size{Rows: 24, Columns: 80}),
		Process: &specs.Process{Args: []string{"sh"}, Env: []string{"PATH=/bin"}, Cwd: "/srv", User: specs.User{UID: 1000, GID: 1000, AdditionalGids: []uint32{10}},
			Capabilities: &specs.LinuxCapabilities{Bounding: defaultCapabilities, Effective: defaultCapabilities}, NoNewPrivileges: true,
			Rlimits: []specs.POSIXRlimit{{Type: "RLIMIT_NOFILE", Soft: 64, Hard: 128}}},
		Seccomp: &specs.LinuxSeccomp{DefaultAction: specs.ActAllow},
	}
}

// everyStop is the end of a container that is paused.
func everyStop() StopPlan {
	return StopPlan{Process: Live{PID: 4711}, Signal: unix.SIGTERM, Seconds: stopTimeout, ended: &sys.Result{Name: "ended"},
		Frozen: cgroups.Frozen{Dir: "/sys/fs/cgroup/freezer/" + groupName("0123456789ab"), Home: "/sys/fs/cgroup/freezer", PIDs: []string{"4711", "4712"}}}
}
