//go:build linux

package main

import (
	"fmt"
	"path"

	"github.com/docker/go-units"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/spf13/pflag"

	"tutor/runtime/container"
)

// rawFlags are the flags whose text means more than it says: sizes, mounts, environment files.
type rawFlags struct {
	entrypoint string
	timeout    int
	env        []string
	envFiles   []string
	labels     []string
	volumes    []string
	driver     string // of volumes
	mounts     []string
	tmpfs      []string
	ulimits    []string
	security   []string
	memory     string
	memorySwap string
	cpus       string
	shares     uint64
	cpuset     string
	pids       int64
	readBPS    []string
	writeBPS   []string
	conf       []string
	logDriver  string
	logOptions []string
	restart    string
	quota      int64
	period     uint64
	network    networkFlags
	share      shareFlags
	flags      *pflag.FlagSet
}

// define is the table of flags: Docker's first, ours after.
func (f *runFlags) define(flags *pflag.FlagSet) {
	o, r := &f.options, &f.raw
	r.flags = flags
	flags.BoolVarP(&o.Interactive, "interactive", "i", false, "Keep STDIN open even if not attached")
	flags.BoolVarP(&o.Terminal, "tty", "t", false, "Allocate a pseudo-TTY")
	flags.BoolVarP(&f.detach, "detach", "d", false, "Run container in background and print container ID")
	flags.StringVar(&f.keys, "detach-keys", "ctrl-p,ctrl-q", "The keys that leave a container and let it run")
	flags.BoolVar(&f.proxy, "sig-proxy", true, "Proxy received signals to the process")
	flags.StringVar(&f.cidfile, "cidfile", "", "Write the container ID to the file")
	flags.StringVar(&f.pull, "pull", "missing", "Pull image before running: always, missing or never")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "Suppress the pull output")
	flags.StringVar(&f.platform, "platform", "", "The platform of the image: this machine's")
	flags.BoolVar(&o.Remove, "rm", false, "Automatically remove the container when it exits")
	flags.StringVar(&o.Name, "name", "", "Assign a name to the container")
	flags.VarP((*list)(&r.env), "env", "e", "Set environment variables")
	flags.Var((*list)(&r.envFiles), "env-file", "Read in a file of environment variables")
	flags.StringVarP(&o.Workdir, "workdir", "w", "", "Working directory inside the container")
	flags.StringVarP(&o.User, "user", "u", "", "Username or UID (format: <name|uid>[:<group|gid>])")
	flags.VarP((*list)(&r.volumes), "volume", "v", "Bind mount a volume (NAME:/path[:ro], /host/path:/path[:ro] or /path)")
	flags.StringVar(&r.driver, "volume-driver", "", "Optional volume driver for the container: local")
	flags.Var((*list)(&r.mounts), "mount", "Attach a filesystem mount to the container (type=volume|bind|tmpfs,src=,dst=[,readonly])")
	flags.Var((*list)(&r.tmpfs), "tmpfs", "Mount a tmpfs directory (/path[:options])")
	flags.BoolVar(&o.ReadOnly, "read-only", false, "Mount the container's root filesystem as read only")
	flags.StringVarP(&o.Hostname, "hostname", "h", "", "Container host name")
	flags.StringVar(&r.entrypoint, "entrypoint", "", "Overwrite the default ENTRYPOINT of the image")
	r.network.define(flags, o)
	r.share.define(flags, o)
	flags.BoolVar(&o.Init, "init", false, "Run an init inside the container that forwards signals and reaps processes")
	flags.VarP((*list)(&r.labels), "label", "l", "Set meta data on a container")
	flags.Var((*list)(&r.ulimits), "ulimit", "Ulimit options (nofile=1024:2048)")
	flags.Var((*list)(&o.CapAdd), "cap-add", "Add Linux capabilities")
	flags.Var((*list)(&o.CapDrop), "cap-drop", "Drop Linux capabilities")
	flags.Var((*list)(&r.security), "security-opt", "Security Options (no-new-privileges, seccomp=FILE, seccomp=unconfined)")
	flags.StringVar(&o.StopSignal, "stop-signal", "", "Signal to stop the container")
	flags.IntVar(&r.timeout, "stop-timeout", 0, "Timeout (in seconds) to stop a container, -1 for no bound (default 10)")
	flags.StringVar(&r.logDriver, "log-driver", container.LogFile, "Logging driver for the container: json-file or none")
	flags.Var((*list)(&r.logOptions), "log-opt", "Log driver options (max-size=10m, max-file=3)")
	flags.StringVar(&r.restart, "restart", "no", "Restart policy: tutor has no daemon that could restart, so it is no")
	flags.StringVarP(&r.memory, "memory", "m", "", "Memory limit (512m)")
	flags.StringVar(&r.memorySwap, "memory-swap", "", "Swap limit equal to memory plus swap: '-1' to enable unlimited swap")
	flags.StringVar(&r.cpus, "cpus", "", "Number of CPUs (1.5)")
	r.defineQuota(flags)
	flags.Uint64VarP(&r.shares, "cpu-shares", "c", 0, "CPU shares (relative weight)")
	flags.StringVar(&r.cpuset, "cpuset-cpus", "", "CPUs in which to allow execution (0-3, 0,1)")
	flags.Int64Var(&r.pids, "pids-limit", 0, "Tune container pids limit (set -1 for unlimited)")
	flags.Var((*list)(&r.readBPS), "device-read-bps", "Limit read rate (bytes per second) from a device (/dev/sda:1mb)")
	flags.Var((*list)(&r.writeBPS), "device-write-bps", "Limit write rate (bytes per second) to a device (/dev/sda:1mb)")
	flags.Var((*list)(&r.conf), "cgroup-conf", "Write a file of cgroup v2's that has no flag (memory.oom.group=1)")

	f.explain.define(flags)
	flags.BoolVar(&f.step, "step", false, "Stop before every entry: see what it will do, then what it has changed on the host and inside")
	flags.BoolVar(&f.dryRun, "dry-run", false, "Print the Program without running it")
	flags.Var((*list)(&o.Without), "without", "Leave an entry of the Program out, to see what leaks (repeatable)")
	flags.IntVar(&o.Lab, "lab", 0, "Only what labs 1 to N taught; below 4 there is no image: the command runs on the host's own root")
	flags.BoolVar(&f.printSpec, "print-spec", false, "Print the OCI config.json that flags and image became")
	flags.Bool("help", false, "Print usage") // Docker's -h is --hostname
}

// into reads the texts.
func (r *rawFlags) into(o *container.Options) (err error) {
	if r.flags.Changed("entrypoint") {
		o.Entrypoint = &r.entrypoint
	}
	if r.flags.Changed("stop-timeout") {
		o.StopTimeout = &r.timeout
	}
	if err := checkWorkdir(o.Workdir); err != nil {
		return err
	}
	if o.Env, err = environment(r.envFiles, r.env); err != nil {
		return err
	}
	if o.Labels, err = labels(r.labels); err != nil {
		return err
	}
	if r.restart != "no" {
		return noRestart.error("--restart")
	}
	if o.StopSignal != "" {
		if _, err := container.SignalOf(o.StopSignal); err != nil {
			return err
		}
	}
	if err := securityOptions(o, r.security); err != nil {
		return err
	}
	if err := r.network.into(o); err != nil {
		return err
	}
	if err := r.share.into(o); err != nil {
		return err
	}
	if err := checkName(o.Name); err != nil {
		return err
	}
	if o.Ulimits, err = ulimits(r.ulimits); err != nil {
		return err
	}
	if o.Log, err = r.log(); err != nil {
		return err
	}
	if err := r.places(o); err != nil {
		return err
	}
	return r.resources(&o.Resources)
}

// defineQuota are the two halves of --cpus.
func (r *rawFlags) defineQuota(flags *pflag.FlagSet) {
	flags.Int64Var(&r.quota, "cpu-quota", 0, "Microseconds of processor time in each period (--cpus is both); -1: no limit")
	flags.Uint64Var(&r.period, "cpu-period", 0, "Length of a period in microseconds (default 100000)")
}

// resources turns limits into the spec's units: bytes, µs, devices by number.
func (r *rawFlags) resources(to *specs.LinuxResources) (err error) {
	if to.Memory, err = r.memoryLimit(); err != nil {
		return err
	}
	if to.CPU, err = r.cpuLimit(); err != nil {
		return err
	}
	if err := r.checkCPU(to.CPU); err != nil {
		return err
	}
	to.CPU = container.WholeCPU(nil, to.CPU)
	if r.pids > 0 {
		to.Pids = &specs.LinuxPids{Limit: &r.pids}
	}
	if to.Unified, err = groupFiles(r.conf); err != nil {
		return err
	}
	read, err := throttles(r.readBPS)
	if err != nil {
		return err
	}
	write, err := throttles(r.writeBPS)
	if err != nil {
		return err
	}
	if read != nil || write != nil {
		to.BlockIO = &specs.LinuxBlockIO{ThrottleReadBpsDevice: read, ThrottleWriteBpsDevice: write}
	}
	return nil
}

func checkWorkdir(dir string) error {
	if dir == "" || path.IsAbs(dir) {
		return nil
	}
	return container.Hint(fmt.Errorf("the working directory '%s' is invalid, it needs to be an absolute path", dir), "-w /"+path.Clean(dir))
}

// mostBytes leaves room for as much again: the usual limit of memory and swap together.
const mostBytes = 1<<62 - 1

// ramBytes reads a size as Docker does: "64m" is 64 MiB. What does not fit an int64 comes from units as whatever the processor
// makes of it, a negative number or the largest one.
func ramBytes(flag, text string) (int64, error) {
	n, err := units.RAMInBytes(text)
	if err != nil {
		return 0, container.Hint(invalid(text, flag), "a number with b, k, m or g: 64m")
	}
	if n < 0 || n > mostBytes {
		return 0, container.Hint(fmt.Errorf("%w: it is too large", invalid(text, flag)), "no machine has so many bytes: 64m, 2g")
	}
	return n, nil
}
