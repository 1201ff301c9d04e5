package container

import (
	"maps"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// What a Docker user expects of a container that no option was given for. Tables: one row one fact.

// defaultCapabilities are Docker's 14 of 41.
var defaultCapabilities = []string{
	"CAP_AUDIT_WRITE",      // write to the audit log: login programs
	"CAP_CHOWN",            // give files away
	"CAP_DAC_OVERRIDE",     // read and write whatever the mode says
	"CAP_FOWNER",           // change the mode of other users' files
	"CAP_FSETID",           // keep set-user-ID bits when writing
	"CAP_KILL",             // signal other users' processes
	"CAP_MKNOD",            // make device nodes (the mounts say nodev, and the group may deny them)
	"CAP_NET_BIND_SERVICE", // listen on ports below 1024
	"CAP_NET_RAW",          // ping
	"CAP_SETFCAP",          // set file capabilities: package managers
	"CAP_SETGID",           // change group
	"CAP_SETPCAP",          // drop more of these
	"CAP_SETUID",           // change user: su, and every server that starts as root
	"CAP_SYS_CHROOT",       // chroot
}

var defaultMounts = []specs.Mount{
	{Destination: "/proc", Type: "proc", Source: "proc", Options: []string{"nosuid", "noexec", "nodev"}},
	{Destination: "/dev", Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "strictatime", "mode=755", "size=65536k"}},
	{Destination: "/dev/pts", Type: "devpts", Source: "devpts", Options: []string{"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
	{Destination: "/sys", Type: "sysfs", Source: "sysfs", Options: []string{"nosuid", "noexec", "nodev", "ro"}},
	{Destination: "/sys/fs/cgroup", Type: "cgroup", Source: "cgroup", Options: []string{"ro", "nosuid", "noexec", "nodev"}},
	{Destination: "/dev/mqueue", Type: "mqueue", Source: "mqueue", Options: []string{"nosuid", "noexec", "nodev"}},
	{Destination: "/dev/shm", Type: "tmpfs", Source: "shm", Options: []string{"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
}

var defaultNamespaces = []specs.LinuxNamespaceType{
	specs.PIDNamespace,
	specs.MountNamespace,
	specs.UTSNamespace,
	specs.IPCNamespace,
	specs.NetworkNamespace,
	specs.CgroupNamespace,
}

var maskedPaths = []string{
	"/proc/acpi",                    // power management of the whole machine
	"/proc/asound",                  // sound cards
	"/proc/interrupts",              // a side channel: which keys were pressed, and when
	"/proc/kcore",                   // the machine's memory
	"/proc/keys",                    // other users' keys
	"/proc/latency_stats",           // what other processes wait for
	"/proc/sched_debug",             // names of all processes of the host
	"/proc/scsi",                    // writing here removes disks
	"/proc/timer_list",              // the host's processes by their timers
	"/proc/timer_stats",             // the same, before Linux 4.11
	"/sys/firmware",                 // firmware tables, EFI variables
	"/sys/devices/virtual/powercap", // energy counters: a side channel
}

var readonlyPaths = []string{
	"/proc/bus",           // PCI and USB devices
	"/proc/fs",            // parameters of file systems
	"/proc/irq",           // which processor serves which interrupt
	"/proc/sys",           // kernel parameters
	"/proc/sysrq-trigger", // restart, crash, kill everything
}

// defaultSysctls hold inside the container's own network only.
var defaultSysctls = map[string]string{
	believesRouters:                       "0",            // a neighbour that plays one would read along (CVE-2020-13401)
	"net.ipv4.ip_unprivileged_port_start": "0",            // port 80 without root
	"net.ipv4.ping_group_range":           "0 2147483647", // ping without root
}

// believesRouters is there only where the kernel has IPv6.
const believesRouters = "net.ipv6.conf.default.accept_ra"

func sysctls(ipv6 bool) map[string]string {
	values := maps.Clone(defaultSysctls)
	if !ipv6 {
		delete(values, believesRouters)
	}
	return values
}

const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
