//go:build linux

package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
	"tutor/runtime/process"
)

// A refused is a word of Docker's for which there is no place here, with the reason and what to do instead. It is known, so that
// whoever types it hears more than that it is unknown.
type refused struct {
	name, short string
	on          bool // it takes no value
	why, hint   string
}

func (r refused) error(typed string) error {
	return container.Hint(fmt.Errorf("%s is not supported: %s", typed, r.why), r.hint)
}

// refuse lets a command's flags be typed that it has not, or shares with another but does not obey, and answers them; the help
// does not offer them.
func refuse(command *cobra.Command, table []refused) {
	flags := command.Flags()
	for _, r := range table {
		if flags.Lookup(r.name) == nil && r.on {
			flags.BoolP(r.name, r.short, false, r.why)
		} else if flags.Lookup(r.name) == nil {
			flags.StringP(r.name, r.short, "", r.why)
		}
		flags.MarkHidden(r.name)
	}
	command.PreRunE = func(*cobra.Command, []string) error {
		for _, r := range table {
			if f := flags.Lookup(r.name); f.Value.String() != f.DefValue {
				return failure{r.error("--" + r.name), process.ExitOurs}
			}
		}
		return nil
	}
}

// refusedOf are the rows of those names.
func refusedOf(table []refused, names ...string) []refused {
	return slices.DeleteFunc(slices.Clone(table), func(r refused) bool { return !slices.Contains(names, r.name) })
}

// noRestart is what --restart comes to; `run` takes a no.
var noRestart = refused{name: "restart", why: "tutor has no daemon that could start a container again", hint: "a service manager can do it: systemd's Restart= around `tutor start -a`"}

// refusedByCreate are the flags of `run` that are about a start.
var refusedByCreate = []refused{
	{name: "detach", why: "create starts nothing", hint: "leave it out: tutor start does not wait either"},
	{name: "detach-keys", why: "create starts nothing", hint: "tutor start -ai --detach-keys …"},
	{name: "dry-run", why: "create starts nothing", hint: "tutor run --dry-run …"},
	{name: "explain", why: "create starts nothing", hint: "tutor start --explain …, or tutor run --explain …"},
	{name: "explain-to", why: "create starts nothing", hint: "tutor start --explain-to FILE …"},
	{name: "print-spec", why: "create prints the ID alone", hint: "tutor run --print-spec …"},
	{name: "sig-proxy", why: "create starts nothing", hint: "tutor start -a --sig-proxy=false …"},
	{name: "step", why: "create starts nothing", hint: "tutor run --step …"},
}

// refusedByUpdate are, beside it, the limits that `run` has not either.
var refusedByUpdate = append(refusedOf(refusedByRun, "blkio-weight", "cpu-rt-period", "cpu-rt-runtime", "cpuset-mems", "kernel-memory", "memory-reservation"), noRestart)

var refusedByLogs = []refused{
	{name: "details", on: true, why: "a log has what the container wrote, and nothing beside it", hint: "-t shows when; tutor inspect shows labels and variables"},
}

var refusedByNetworkCreate = []refused{
	{name: "attachable", on: true, why: "that is for networks of a swarm", hint: "leave it out: tutor network connect knows every network"},
	{name: "aux-address", why: "tutor reserves no addresses", hint: "give each container its own: tutor run --network NET --ip ADDRESS"},
	{name: "config-from", why: "that is for networks of a swarm", hint: "--subnet and --gateway say it all"},
	{name: "config-only", on: true, why: "that is for networks of a swarm", hint: "--subnet and --gateway say it all"},
	{name: "ingress", on: true, why: "that is for networks of a swarm", hint: "tutor run -p publishes a port"},
	{name: "ip-range", why: "addresses are given from the first of the subnet on", hint: "a smaller --subnet, or an --ip for each container"},
	{name: "ipam-driver", why: "tutor itself gives the addresses", hint: "--subnet and --gateway choose them"},
	{name: "ipam-opt", why: "tutor itself gives the addresses", hint: "--subnet and --gateway choose them"},
	{name: "opt", short: "o", why: "all bridges are alike", hint: "--subnet, --gateway, --ipv6 and --internal are what can be chosen"},
	{name: "scope", why: "tutor knows one machine", hint: "leave it out: every network is local"},
}

// propagates is what all kinds of propagation but private ones come to.
var propagates = refused{name: "bind-propagation", why: "what is mounted later, on the host or inside, stays on its own side", hint: "mount it on the host before the container starts; tutor explain mount propagation"}

// refusedByMount are words of --mount.
var refusedByMount = []refused{
	propagates,
	{name: "bind-nonrecursive", why: "what is mounted below the source comes along", hint: "bind the parts that are wanted, each by itself"},
	{name: "bind-recursive", why: "what is mounted below the source comes along", hint: "bind the parts that are wanted, each by itself"},
	{name: "volume-subpath", why: "a volume is mounted as a whole", hint: "mount it, and use the directory in it"},
}
