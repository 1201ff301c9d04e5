//go:build linux

package main

import (
	"errors"
	"fmt"
	"math"
	"os"
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

// leastMemory is Docker's: less and the start itself would be killed.
const leastMemory = 6 << 20

// memoryLimit reads --memory and --memory-swap. Without the second a container may swap as much again.
func (r *rawFlags) memoryLimit() (*specs.LinuxMemory, error) {
	given := func(value string) bool { n, err := ramBytes("", value); return value != "" && (err != nil || n != 0) } // 0 is none, as in Docker
	if !given(r.memory) && given(r.memorySwap) {
		return nil, errors.New("You should always set the Memory limit when using Memoryswap limit, see usage")
	}
	if !given(r.memory) {
		return nil, nil
	}
	limit, err := ramBytes("-m, --memory", r.memory)
	if err != nil {
		return nil, err
	}
	if limit < leastMemory {
		return nil, container.Hint(errors.New("Minimum memory limit allowed is 6MB"), "with less the start itself would be killed; without a unit the number is bytes: -m 64m")
	}
	swap := 2 * limit
	if r.memorySwap == "-1" {
		swap = -1
	} else if given(r.memorySwap) {
		if swap, err = ramBytes("--memory-swap", r.memorySwap); err != nil {
			return nil, err
		}
		if swap < limit {
			return nil, errors.New("Minimum memoryswap limit should be larger than memory limit, see usage")
		}
	}
	return &specs.LinuxMemory{Limit: &limit, Swap: &swap}, nil
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
	return container.Hint(container.CheckCPU(asked), "tutor info shows how many there are")
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
			return nil, fmt.Errorf("ulimit soft limit must be less than or equal to hard limit: %d > %d", s, h)
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

// environment reads files of KEY=VALUE lines, then -e. A bare KEY takes the caller's value, if there is one.
func environment(files, flags []string) ([]string, error) {
	var env []string
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for _, line := range strings.Split(string(content), "\n") {
			line = strings.TrimLeft(strings.TrimSuffix(line, "\r"), " \t")
			if line != "" && !strings.HasPrefix(line, "#") {
				if key, _, _ := strings.Cut(line, "="); strings.ContainsAny(key, " \t") {
					return nil, container.Hint(fmt.Errorf("invalid env file (%s): variable '%s' contains whitespaces", name, key), "each line is NAME=value, or a NAME that tutor itself has")
				}
				env = append(env, line)
			}
		}
	}
	var set []string
	for _, e := range append(env, flags...) {
		key, _, hasValue := strings.Cut(e, "=")
		if key == "" || strings.ContainsRune(e, 0) {
			return nil, fmt.Errorf("invalid environment variable: %s", e)
		}
		if value, there := os.LookupEnv(key); !hasValue && there {
			e = key + "=" + value
		}
		set = append(set, e) // a mere name takes the image's variable away
	}
	return set, nil
}
