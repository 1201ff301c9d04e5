//go:build linux

package main

import (
	"fmt"

	"github.com/spf13/pflag"

	"tutor/runtime/container"
)

// refused are Docker's flags of `run` for which there is no place here, with the reason and what to do instead. They are
// known, so that whoever types one hears more than that it is unknown.
var refused = []struct {
	name, short string
	on          bool // it takes no value
	why, hint   string
}{
	{name: "attach", short: "a", why: "both outputs are attached, and -i attaches the input", hint: "2> /dev/null leaves the errors out"},
	{name: "blkio-weight", why: "of the kernel's disk schedulers only BFQ knows weights", hint: "--device-read-bps and --device-write-bps bound the rate"},
	{name: "blkio-weight-device", why: "of the kernel's disk schedulers only BFQ knows weights", hint: "--device-read-bps and --device-write-bps bound the rate"},
	{name: "cgroup-parent", why: "each container has its group directly below the root", hint: "cat /proc/self/cgroup on the host shows where, by the container's PID"},
	{name: "cpu-count", why: "that is for Windows", hint: "--cpus bounds processor time"},
	{name: "cpu-percent", why: "that is for Windows", hint: "--cpus bounds processor time"},
	{name: "cpu-rt-period", why: "real-time scheduling of groups is not compiled into usual kernels", hint: "--cpus bounds processor time, --cpu-shares weighs it"},
	{name: "cpu-rt-runtime", why: "real-time scheduling of groups is not compiled into usual kernels", hint: "--cpus bounds processor time, --cpu-shares weighs it"},
	{name: "cpuset-mems", why: "tutor leaves it to the kernel which memory of a NUMA machine is used", hint: "--cpuset-cpus chooses the processors"},
	{name: "device", why: "a container has the devices that every program expects, and no others", hint: "-v mounts what lies on a disk; tutor explain devices shows which there are"},
	{name: "device-cgroup-rule", why: "devices cannot be made inside, so there is nothing to allow", hint: "tutor explain dev-lock says why"},
	{name: "device-read-iops", why: "tutor bounds bytes, not operations", hint: "--device-read-bps /dev/sda:1mb"},
	{name: "device-write-iops", why: "tutor bounds bytes, not operations", hint: "--device-write-bps /dev/sda:1mb"},
	{name: "domainname", why: "a container has a host name and no NIS domain", hint: "--hostname box.example.org"},
	{name: "gpus", why: "that needs the maker's own programs on the host, and hooks to run them", hint: "docker, or podman with CDI"},
	{name: "health-cmd", why: "tutor has no daemon that would run it", hint: "run it yourself: tutor exec CONTAINER COMMAND"},
	{name: "health-interval", why: "tutor has no daemon that would ask", hint: "run it yourself: tutor exec CONTAINER COMMAND"},
	{name: "health-retries", why: "tutor has no daemon that would ask", hint: "run it yourself: tutor exec CONTAINER COMMAND"},
	{name: "health-start-interval", why: "tutor has no daemon that would ask", hint: "run it yourself: tutor exec CONTAINER COMMAND"},
	{name: "health-start-period", why: "tutor has no daemon that would ask", hint: "run it yourself: tutor exec CONTAINER COMMAND"},
	{name: "health-timeout", why: "tutor has no daemon that would ask", hint: "run it yourself: tutor exec CONTAINER COMMAND"},
	{name: "io-maxbandwidth", why: "that is for Windows", hint: "--device-read-bps and --device-write-bps bound the rate"},
	{name: "io-maxiops", why: "that is for Windows", hint: "--device-read-bps and --device-write-bps bound the rate"},
	{name: "isolation", why: "that is for Windows", hint: "leave it out: a container here is a process with namespaces and groups"},
	{name: "kernel-memory", why: "the kernel has dropped that limit (Linux 5.16)", hint: "--memory counts the kernel's memory too"},
	{name: "link", why: "Docker itself calls it a thing of the past", hint: "tutor network create NET; on it containers find one another by name"},
	{name: "link-local-ip", why: "tutor gives addresses of the network only", hint: "--ip"},
	{name: "memory-reservation", why: "tutor sets no soft limit", hint: "--memory is the hard one"},
	{name: "memory-swappiness", why: "cgroup v2 has no such file", hint: "--memory-swap bounds what may go to disk"},
	{name: "oom-kill-disable", on: true, why: "cgroup v2 has no such file: without a kill the container would stand still", hint: "a larger --memory"},
	{name: "oom-score-adj", why: "tutor leaves it to the kernel whom it kills when the whole machine is out of memory", hint: "--memory has it choose inside the container"},
	{name: "privileged", on: true, why: "tutor has no privileged containers: say what it needs", hint: "--cap-add ALL for powers, --pid host and --network host for the host's namespaces, -v for its files"},
	{name: "runtime", why: "tutor is the runtime", hint: "--print-spec prints a config.json that runc and crun take"},
	{name: "storage-opt", why: "a size for each container needs quotas of the host's file system", hint: "--tmpfs /path:size=64m bounds a directory in memory"},
	{name: "use-api-socket", on: true, why: "there is no daemon, and so no socket of one", hint: "tutor runs inside as well, if the container may mount"},
}

// defineRefused lets them be typed; the help does not offer them.
func defineRefused(flags *pflag.FlagSet) {
	for _, f := range refused {
		if f.on {
			flags.BoolP(f.name, f.short, false, f.why)
		} else {
			flags.StringP(f.name, f.short, "", f.why)
		}
		flags.MarkHidden(f.name)
	}
}

// unsupported is the first of them that was given.
func unsupported(flags *pflag.FlagSet) error {
	for _, f := range refused {
		if flags.Changed(f.name) && flags.Lookup(f.name).Value.String() != "false" {
			return container.Hint(fmt.Errorf("--%s is not supported: %s", f.name, f.why), f.hint)
		}
	}
	return nil
}
