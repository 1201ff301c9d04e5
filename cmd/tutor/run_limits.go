//go:build linux

package main

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/container"
	"tutor/runtime/sys"
)

func invalid(text, flag string) error {
	return fmt.Errorf("invalid argument %q for %q flag", text, flag)
}

// memoryAsked reads --memory and --memory-swap, those that were given: 0 is none, as in Docker.
func (r *rawFlags) memoryAsked() (*specs.LinuxMemory, error) {
	var m specs.LinuxMemory
	for _, one := range []struct {
		flag, text string
		to         **int64
	}{{"-m, --memory", r.memory, &m.Limit}, {"--memory-swap", r.memorySwap, &m.Swap}} {
		if one.text == "" {
			continue
		}
		n := int64(-1)
		if one.text != "-1" || one.to == &m.Limit {
			var err error
			if n, err = ramBytes(one.flag, one.text); err != nil {
				return nil, err
			}
		}
		if n != 0 {
			*one.to = &n
		}
	}
	if m == (specs.LinuxMemory{}) {
		return nil, nil
	}
	return &m, nil
}

// memoryLimit is both limits. Without the second a container may swap as much again.
func (r *rawFlags) memoryLimit() (*specs.LinuxMemory, error) {
	m, err := r.memoryAsked()
	if err != nil || m == nil || m.Limit == nil && *m.Swap < 0 { // no limit is no limit
		return nil, err
	}
	if err := container.CheckMemory(nil, m); err != nil {
		return nil, err
	}
	if m.Swap == nil {
		twice := 2 * *m.Limit
		m.Swap = &twice
	}
	return m, nil
}

// cpuLimit is what was asked for, and no more: of quota and period one may be missing.
func (r *rawFlags) cpuLimit() (*specs.LinuxCPU, error) {
	limit := specs.LinuxCPU{Cpus: r.cpuset}
	if r.shares > 0 {
		limit.Shares = &r.shares
	}
	if r.cpus != "" {
		cpus, err := strconv.ParseFloat(r.cpus, 64)
		if err != nil || cpus < 0 || cpus > 8192 || math.IsNaN(cpus) {
			return nil, container.Hint(invalid(r.cpus, "--cpus"), "a number of processors: 0.5, 2")
		}
		const period = 100000 // the kernel's usual one, in µs
		quota, usual := int64(cpus*period), uint64(period)
		if cpus > 0 {
			limit.Quota, limit.Period = &quota, &usual
		}
	}
	if err := r.quotaInto(&limit); err != nil {
		return nil, err
	}
	if limit == (specs.LinuxCPU{}) {
		return nil, nil
	}
	return &limit, nil
}

// quotaInto is --cpus in its two halves.
func (r *rawFlags) quotaInto(limit *specs.LinuxCPU) error {
	if r.quota == 0 && r.period == 0 {
		return nil
	}
	if r.cpus != "" {
		return container.Hint(errors.New("Conflicting options: Nano CPUs and CPU Period cannot both be set"), "--cpus 1.5 is --cpu-period 100000 --cpu-quota 150000")
	}
	if r.period != 0 && (r.period < 1000 || r.period > 1000000) {
		return container.Hint(errors.New("CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"), "microseconds: --cpu-period 100000")
	}
	if r.quota > 0 && r.quota < 1000 {
		return container.Hint(errors.New("CPU cfs quota can not be less than 1ms (i.e. 1000)"), "microseconds: --cpu-quota 50000")
	}
	if r.quota != 0 {
		quota := max(r.quota, -1) // no limit
		limit.Quota = &quota
	}
	if r.period != 0 {
		limit.Period = &r.period
	}
	return nil
}

// checkCPU refuses what this machine cannot give. --cpu-quota may ask for more than there is.
func (r *rawFlags) checkCPU(limit *specs.LinuxCPU) error {
	if limit == nil {
		return nil
	}
	asked := *limit
	if r.cpus == "" {
		asked.Quota = nil
	}
	return container.CheckCPU(asked)
}

// throttles reads DEVICE:RATE. Limits hold for whole disks, by number.
func throttles(texts []string) ([]specs.LinuxThrottleDevice, error) {
	var devices []specs.LinuxThrottleDevice
	for _, text := range texts {
		path, rate, found := strings.Cut(text, ":")
		if !found || !strings.HasPrefix(path, "/") {
			return nil, container.Hint(fmt.Errorf("bad format: %s", text), "the form is /dev/sda:1mb")
		}
		n, err := ramBytes("--device-bps", rate)
		if err != nil || n <= 0 {
			return nil, container.Hint(fmt.Errorf("invalid rate for device: %s", text), "the form is /dev/sda:1mb")
		}
		var stat unix.Stat_t
		if err := unix.Stat(path, &stat); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if stat.Mode&unix.S_IFMT != unix.S_IFBLK {
			return nil, container.Hint(fmt.Errorf("%s is no block device", path), "lsblk lists the disks of this machine")
		}
		d := specs.LinuxThrottleDevice{Rate: uint64(n)}
		d.Major, d.Minor = int64(unix.Major(uint64(stat.Rdev))), int64(unix.Minor(uint64(stat.Rdev)))
		devices = append(devices, d)
	}
	return devices, nil
}

// groupFile is a file that a controller has in a group. Those of the group itself are not for writing: cgroup.procs
// would take in any process of the host.
var groupFile = regexp.MustCompile(`^(cpu|cpuset|hugetlb|io|memory|misc|pids|rdma)(\.[A-Za-z0-9_]+)+$`)

// groupFiles reads FILE=VALUE, podman's --cgroup-conf. On version 1 the words would come to nothing, so they are refused.
func groupFiles(texts []string) (map[string]string, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	if layout := container.HostLayout(); !layout.Limits() {
		return nil, container.Hint(fmt.Errorf("--cgroup-conf: control groups are %s here, and such files are of v2", layout.Version()),
			"with the kernel's option systemd.unified_cgroup_hierarchy=1 this machine has v2 alone")
	}
	files := map[string]string{}
	for _, text := range texts {
		name, value, found := strings.Cut(text, "=")
		if !found || !groupFile.MatchString(name) {
			return nil, container.Hint(invalid(text, "--cgroup-conf"), "the form is memory.oom.group=1; cgroups(7) has the files")
		}
		files[name] = value
	}
	return files, nil
}

// ulimits reads NAME=SOFT[:HARD]; -1 is no limit.
func ulimits(texts []string) ([]specs.POSIXRlimit, error) {
	var limits []specs.POSIXRlimit
	for _, text := range texts {
		name, values, found := strings.Cut(text, "=")
		soft, hard, both := strings.Cut(values, ":")
		if !both {
			hard = soft
		}
		kind := "RLIMIT_" + strings.ToUpper(name)
		known := slices.ContainsFunc(sys.Limits, func(f sys.Flag) bool { return f.Name == kind })
		s, errSoft := limitValue(soft)
		h, errHard := limitValue(hard)
		if !found || !known || errSoft != nil || errHard != nil {
			return nil, container.Hint(fmt.Errorf("invalid ulimit argument: %s", text), "the form is nofile=1024:2048; setrlimit(2) has the names")
		}
		if s > h {
			return nil, container.Hint(fmt.Errorf("ulimit soft limit must be less than or equal to hard limit: %d > %d", s, h), "the form is nofile=SOFT:HARD")
		}
		limits = append(limits, specs.POSIXRlimit{Type: kind, Soft: s, Hard: h})
	}
	return limits, nil
}

func limitValue(text string) (uint64, error) {
	if text == "-1" {
		return math.MaxUint64, nil
	}
	return strconv.ParseUint(text, 10, 64)
}
