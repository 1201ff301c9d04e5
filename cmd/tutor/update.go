//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/spf13/cobra"

	"tutor/explain"
	"tutor/runtime/container"
	"tutor/runtime/process"
	"tutor/runtime/program"
)

// updateFlags are what `update` was told: limits as texts, and whether to trace.
type updateFlags struct {
	raw     rawFlags
	explain explainFlags
}

func newUpdate(c *cli) *cobra.Command {
	var f updateFlags
	command := &cobra.Command{
		Use:   "update [OPTIONS] CONTAINER [CONTAINER...]",
		Short: "Update configuration of one or more containers",
		Long: `update changes what containers may use of the machine: at once if they run, and when they start again. If one of
several limits is refused by the kernel, those before it are taken back.

With cgroup v1 memory that a container held before its first limit is not counted: a page stays charged to the group
in which it was first touched.`,
		Example: "  tutor update --cpus 0.5 web\n  tutor update -m 128m --memory-swap 256m web db\n" +
			"  tutor update --pids-limit -1 web\n  tutor update --explain --cpus 1 web       every write into the control groups",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: c.completeContainers,
		RunE:              func(cmd *cobra.Command, args []string) error { return f.update(cmd.Context(), c, args) },
	}
	f.define(command)
	refuse(command, refusedByUpdate)
	return command
}

func (f *updateFlags) define(command *cobra.Command) {
	flags := command.Flags()
	f.raw.flags = flags
	flags.StringVarP(&f.raw.memory, "memory", "m", "", "Memory limit (512m)")
	flags.StringVar(&f.raw.memorySwap, "memory-swap", "", "Swap limit equal to memory plus swap: '-1' to enable unlimited swap")
	flags.StringVar(&f.raw.cpus, "cpus", "", "Number of CPUs (1.5)")
	f.raw.defineQuota(flags)
	flags.Uint64VarP(&f.raw.shares, "cpu-shares", "c", 0, "CPU shares (relative weight)")
	flags.StringVar(&f.raw.cpuset, "cpuset-cpus", "", "CPUs in which to allow execution (0-3, 0,1)")
	flags.Int64Var(&f.raw.pids, "pids-limit", 0, "Tune container pids limit (set -1 for unlimited)")
	f.explain.define(flags)
}

// update goes on after a container that could not be changed, and reports all.
func (f *updateFlags) update(ctx context.Context, c *cli, args []string) error {
	if !f.anyLimit() {
		return container.Hint(errors.New("you must provide one or more flags when using this command"), "tutor update --help")
	}
	r, err := f.resources()
	if err != nil {
		return err
	}
	s, err := f.explain.sink(c.Err)
	if err != nil {
		return err
	}
	defer s.close()
	var failed []error
	for _, arg := range args {
		if err := f.one(ctx, c, arg, r, s); err != nil {
			failed = append(failed, err)
			continue
		}
		fmt.Fprintln(c.Out, arg)
	}
	return c.together(failed)
}

func (f *updateFlags) one(ctx context.Context, c *cli, name string, r specs.LinuxResources, s sink) error {
	ctr, err := c.home().Find(name)
	if err != nil {
		return err
	}
	var memory *program.Op
	err = c.home().Update(ctx, ctr, r, func(p program.Program, ran *process.Running) {
		f.explain.print(s, explain.Trace{Program: p, HostPID: os.Getpid(), Results: ran.Results()})
		memory = cmp.Or(p.Find("memory"), memory)
	})
	if err == nil && memory != nil && memory.Runs() && memory.Undo == nil { // the group is new
		fmt.Fprintln(c.Err, "WARNING: what "+name+" holds already is not counted: with cgroup v1 a page stays charged to the group in which it was first touched")
	}
	return err
}

func (f *updateFlags) anyLimit() bool {
	for _, name := range []string{"memory", "memory-swap", "cpus", "cpu-period", "cpu-quota", "cpu-shares", "cpuset-cpus", "pids-limit"} {
		if f.raw.flags.Changed(name) {
			return true
		}
	}
	return false
}

// resources are the limits in the spec's units, those that were given. What they are together with the container's
// own is not known here: -m alone may fit, or not.
func (f *updateFlags) resources() (r specs.LinuxResources, err error) {
	if r.CPU, err = f.raw.cpuLimit(); err != nil {
		return r, failure{err, process.ExitOurs}
	}
	if err := f.raw.checkCPU(r.CPU); err != nil {
		return r, err
	}
	if f.raw.pids != 0 {
		r.Pids = &specs.LinuxPids{Limit: &f.raw.pids}
	}
	if r.Memory, err = f.raw.memoryAsked(); err != nil {
		return r, failure{err, process.ExitOurs}
	}
	return r, nil
}
