// Package network is lab 6: whom a container can talk to.
package network

import (
	"sort"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// Namespace gives the container its own network: interfaces, addresses, routes, ports, firewall. It begins
// with one interface, lo, switched off. With the path of another container's it shares that one.
func Namespace(path string) program.Op {
	op := program.Op{
		Name:  "net-ns",
		Lab:   6,
		By:    program.Child,
		Why:   "the command would use the host's interfaces and could listen on the host's ports",
		Shell: "unshare --net",
		Man:   "network_namespaces(7)",
		Calls: []sys.Call{sys.Unshare(unix.CLONE_NEWNET)},
	}
	if path == "" {
		return op
	}
	fd := &sys.Result{Name: "net"}
	op.Shell = "nsenter --net=" + path
	op.Calls = []sys.Call{sys.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, fd), sys.Setns(fd, unix.CLONE_NEWNET), sys.Close(fd)}
	return op
}

// Loopback switches lo on: a new namespace has it, down. The kernel adds 127.0.0.1 by itself.
func Loopback() program.Op {
	fd := &sys.Result{Name: "socket"}
	return program.Op{
		Name:  "loopback",
		Lab:   6,
		By:    program.Child,
		Why:   "a program could not even reach itself at 127.0.0.1",
		Shell: "ip link set lo up",
		Man:   "netdevice(7)",
		Calls: []sys.Call{sys.Socket(fd), sys.LinkUp(fd, "lo"), sys.Close(fd)},
	}
}

// Sysctls sets kernel parameters of the container's own namespaces.
func Sysctls(values map[string]string) program.Op {
	op := program.Op{
		Name: "sysctl",
		Lab:  6,
		By:   program.Child,
		Why:  "inside its own network any user may listen on port 80 and send a ping",
		Man:  "ip(7)",
	}
	keys := make([]string, 0, len(values))
	for key := range values {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	var shell []string
	for _, key := range keys {
		path := "/proc/sys/" + strings.ReplaceAll(key, ".", "/")
		op.Calls = append(op.Calls, sys.WriteFile(path, values[key])...)
		shell = append(shell, "sysctl -w "+key+"='"+values[key]+"'")
	}
	op.Shell = strings.Join(shell, "; ")
	if len(keys) == 0 {
		return op.Leave("no sysctl in the spec")
	}
	return op
}

// Sysfs mounts /sys as this network namespace sees it: /sys/class/net has its interfaces and no others.
func Sysfs(m specs.Mount) program.Op {
	flags, data := sys.MountOptions(m.Options)
	op := program.Op{
		Name:  "sysfs",
		Lab:   6,
		By:    program.Child,
		Why:   "programs look here for devices and interfaces; read-only, because what is written here changes the host",
		Shell: "mount -t sysfs -o " + strings.Join(m.Options, ",") + " sysfs /sys",
		Man:   "sysfs(5)",
		Calls: []sys.Call{
			sys.Mkdir("/sys", 0o555).Tolerate(unix.EEXIST),
			sys.Mount("sysfs", "/sys", "sysfs", flags, data),
		},
	}
	if m.Destination == "" {
		return op.Leave("not in the spec")
	}
	return op
}
