package container

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// leastMemory is Docker's: less and the start itself would be killed.
const leastMemory = 6 << 20

// CheckMemory refuses what Docker refuses, in its words. old is what holds already: nil for a container that is new.
func CheckMemory(old, asked *specs.LinuxMemory) error {
	if asked == nil {
		return nil
	}
	const form = "--memory-swap is memory and swap together: -m 64m --memory-swap 128m; -1 is no limit"
	limit, swap := limitsOf(old, asked)
	switch {
	case limit == nil:
		return Hint(errors.New("You should always set the Memory limit when using Memoryswap limit, see usage"), form)
	case *limit < leastMemory:
		return Hint(errors.New("Minimum memory limit allowed is 6MB"), "with less the start itself would be killed; without a unit the number is bytes: -m 64m")
	case asked.Swap != nil && *swap >= 0 && *swap < *limit:
		return Hint(errors.New("Minimum memoryswap limit should be larger than memory limit, see usage"), form)
	}
	return nil
}

// limitsOf are the limits that will hold: those that were asked for, or else the old ones; nil: none.
func limitsOf(old, asked *specs.LinuxMemory) (limit, swap *int64) {
	for _, m := range []*specs.LinuxMemory{old, asked} {
		if m != nil && m.Limit != nil {
			limit = m.Limit
		}
		if m != nil && m.Swap != nil {
			swap = m.Swap
		}
	}
	return limit, swap
}

// settled is both limits of memory, when one of them changes: each depends on the other.
func settled(old, asked *specs.LinuxMemory) (*specs.LinuxMemory, error) {
	if asked == nil {
		return nil, nil
	}
	limit, swap := limitsOf(old, asked)
	if asked.Swap == nil && (swap == nil || (*swap >= 0 && *limit > *swap)) {
		return nil, Hint(errors.New("Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time"),
			"--memory-swap is memory and swap together: as much again is usual; -1 is no limit")
	}
	return &specs.LinuxMemory{Limit: limit, Swap: swap}, nil
}

// usualPeriod is the kernel's, in µs.
const usualPeriod = 100000

// WholeCPU is both halves of a limit of processor time, when one of them is asked for: the other is the old one, or as usual.
func WholeCPU(old, asked *specs.LinuxCPU) *specs.LinuxCPU {
	if asked == nil || asked.Quota == nil && asked.Period == nil {
		return asked
	}
	none, usual := int64(-1), uint64(usualPeriod)
	whole := *asked
	if old == nil {
		old = &specs.LinuxCPU{}
	}
	whole.Quota = cmp.Or(asked.Quota, old.Quota, &none)
	whole.Period = cmp.Or(asked.Period, old.Period, &usual)
	return &whole
}

// The weights that cpu.shares takes (kernel/sched/sched.h, MIN_SHARES and MAX_SHARES).
const (
	leastShares = 2
	mostShares  = 1 << 18
)

// CheckCPU says what this machine cannot give, in Docker's words.
func CheckCPU(c specs.LinuxCPU) error {
	return checkCPU(c, readTrimmed("/sys/devices/system/cpu/online"))
}

func checkCPU(c specs.LinuxCPU, online string) error {
	here, err := processors(online)
	if err != nil {
		return err
	}
	if c.Quota != nil && c.Period != nil {
		cpus := float64(*c.Quota) / float64(*c.Period)
		if cpus < 0.01 || cpus > float64(len(here)) {
			return Hint(fmt.Errorf("Range of CPUs is from 0.01 to %d.00, as there are only %d CPUs available", len(here), len(here)), "tutor info shows how many there are")
		}
	}
	const weight = "a weight beside others, of which 1024 is the usual: --cpu-shares 512 gets half as much"
	if c.Shares != nil && *c.Shares < leastShares {
		return Hint(fmt.Errorf("the minimum allowed cpu-shares is %d", leastShares), weight)
	}
	if c.Shares != nil && *c.Shares > mostShares {
		return Hint(fmt.Errorf("the maximum allowed cpu-shares is %d", mostShares), weight)
	}
	wanted, err := processors(c.Cpus)
	if err != nil {
		return Hint(fmt.Errorf("Invalid value %s for cpuset cpus: %w", c.Cpus, err), "processors by number: 0-2,4")
	}
	for _, cpu := range wanted {
		if !slices.Contains(here, cpu) {
			return Hint(fmt.Errorf("Requested CPUs are not available - requested %s, available: %s", c.Cpus, online), "processors by number, of those that this machine has: 0-2,4")
		}
	}
	return nil
}

// mostProcessors is more than Linux runs on (NR_CPUS): "0-99999999999" is no list to make.
const mostProcessors = 8192

// processors reads a list as the kernel writes it: "0-2,4" (cpuset(7), "List format").
func processors(list string) (numbers []int, err error) {
	if list == "" {
		return nil, nil
	}
	for _, part := range strings.Split(list, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, err1 := strconv.ParseUint(from, 10, 16)
		last, err2 := strconv.ParseUint(to, 10, 16)
		if err1 != nil || err2 != nil || first > last || last >= mostProcessors {
			return nil, fmt.Errorf("invalid format: %s", list)
		}
		for n := first; n <= last; n++ {
			numbers = append(numbers, int(n))
		}
	}
	return numbers, nil
}
