package grader

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

func memoryLimited(s *Sandbox) error {
	bytes := s.memory()
	_, command, err := s.Holds(with([]string{"--memory", fmt.Sprint(bytes)}, "hold")...)
	if err != nil {
		return err
	}
	values := s.limits(command, "memory", "memory.max", "memory.limit_in_bytes")
	if slices.Contains(values, fmt.Sprint(bytes)) {
		return nil
	}
	hint := "is the file written at all?"
	for unit, factor := range map[string]int{"KiB": 1024, "MiB": 1 << 20} {
		if slices.Contains(values, fmt.Sprint(bytes*factor)) {
			hint = "the value was taken for " + unit
		}
	}
	return wrong(fmt.Sprintf("a limit of %d bytes", bytes), "limits "+strings.Join(values, ", "), hint)
}

func pidsLimited(s *Sandbox) error {
	n := fmt.Sprint(s.Between(41, 97))
	_, command, err := s.Holds(with([]string{"--pids", n}, "hold")...)
	if err != nil {
		return err
	}
	if values := s.limits(command, "pids", "pids.max", "pids.max"); !slices.Contains(values, n) {
		return wrong("pids.max "+n, "pids.max "+strings.Join(values, ", "))
	}
	return nil
}

func cpusLimited(s *Sandbox) error {
	cpus := s.cpus()
	_, command, err := s.Holds(with([]string{"--cpus", cpus}, "hold")...)
	if err != nil {
		return err
	}
	quotas := s.limits(command, "cpu", "cpu.max", "cpu.cfs_quota_us")
	periods := s.limits(command, "cpu", "cpu.max", "cpu.cfs_period_us")
	wanted, _ := strconv.ParseFloat(cpus, 64)
	for i := range min(len(quotas), len(periods)) { // box may move COMMAND between the two looks
		first, _, _ := strings.Cut(quotas[i], " ")
		last := periods[i][strings.LastIndexByte(periods[i], ' ')+1:]
		quota, _ := strconv.ParseFloat(first, 64)
		period, _ := strconv.ParseFloat(last, 64)
		if math.Abs(quota/period-wanted) < 0.011 {
			return nil
		}
	}
	return wrong(cpus+" of every period", "quota "+strings.Join(quotas, ", ")+" µs of "+strings.Join(periods, ", ")+" µs")
}

func outOfMemory(s *Sandbox) error {
	limit := []string{"--memory", fmt.Sprint(s.Between(8001, 9999) * 4096)}
	_, command, err := s.Holds(with(limit, "after", "eat", "-q", "200m")...)
	if err != nil {
		return err
	}
	dir, v2 := s.groupOf(command, "memory")
	file := "memory.oom_control"
	if v2 {
		file = "memory.events"
	}
	if n := counter(dir, file, "oom_kill"); n == "" || n == "0" {
		return wrong("oom_kill above 0 in "+file+", after a child of COMMAND's has asked for 200 MB", "oom_kill "+n)
	}
	box, err := s.Ends("", with(limit, "eat", "-q", "200m")...)
	if err != nil {
		return err
	}
	if box.Code() != "137" || box.status.Signaled() {
		return wrong("exit code 137 when COMMAND itself is killed", box.Status())
	}
	return nil
}

func forkBomb(s *Sandbox) error {
	n := fmt.Sprint(s.Between(41, 61))
	_, command, err := s.Holds(with([]string{"--pids", n}, "after", "forkbomb", "--max", "300")...)
	if err != nil {
		return err
	}
	dir, _ := s.groupOf(command, "pids")
	if hits := counter(dir, "pids.events", "max"); hits == "" || hits == "0" {
		return wrong("a fork bomb of 300 processes to be stopped at "+n, "pids.events: max "+hits)
	}
	return nil
}

// throttled takes a quota so small that COMMAND uses it up on a busy machine too.
func throttled(s *Sandbox) error {
	cpus := fmt.Sprintf("0.0%d", s.Between(5, 9))
	_, command, err := s.Holds(with([]string{"--cpus", cpus}, "busy")...)
	if err != nil {
		return err
	}
	dir, _ := s.groupOf(command, "cpu")
	count := func(name string) int { n, _ := strconv.Atoi(counter(dir, "cpu.stat", name)); return n }
	began, used, first := time.Now(), command.ticks(), count("nr_periods")
	if !s.until(func() bool { return count("nr_throttled") > 0 && count("nr_periods") >= first+3 }) {
		return wrong("nr_throttled above 0 under --cpus "+cpus, fmt.Sprintf("nr_throttled %d, nr_periods %d", count("nr_throttled"), count("nr_periods")))
	}
	quota, _ := strconv.ParseFloat(cpus, 64)
	if got := float64(command.ticks()-used) / 100 / time.Since(began).Seconds(); got > 1.7*quota+0.1 {
		return wrong("about "+cpus+" processors to be used", fmt.Sprintf("%.2f", got))
	}
	return nil
}
