package toolbox

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// spin keeps CPUs busy and says each second how many CPU seconds it was given: under `--cpus 0.5` four threads get
// 0.5 together, and /sys/fs/cgroup/cpu.stat counts how often they were throttled.
func spin(t *tool) error {
	o, err := parse("q", t.args)
	if err != nil {
		return err
	}
	if len(o.rest) == 0 || len(o.rest) > 2 {
		return usageError("how many threads?")
	}
	threads, err := strconv.Atoi(o.rest[0])
	if err != nil || threads < 1 {
		return usageError(o.rest[0] + ": not a number of threads")
	}
	limit := time.Duration(1<<63 - 1)
	if len(o.rest) == 2 {
		seconds, err := strconv.ParseFloat(o.rest[1], 64)
		if err != nil {
			return usageError(o.rest[1] + ": not a number of seconds")
		}
		limit = time.Duration(seconds * float64(time.Second))
	}
	t.diesOf(unix.SIGTERM, unix.SIGINT)
	runtime.GOMAXPROCS(threads + 1) // one more, so that the clock below is never starved by our own threads
	for range threads {
		go burn()
	}
	start, used := time.Now(), cpuSeconds()
	for time.Since(start) < limit {
		time.Sleep(min(time.Second, limit-time.Since(start)))
		now := cpuSeconds()
		if !o.has("q") {
			fmt.Printf("%.2f CPU seconds\n", now-used)
		}
		used = now
	}
	os.Exit(0) // the threads never end by themselves
	return nil
}

func burn() {
	runtime.LockOSThread()
	for n := uint64(1); ; n = n*6364136223846793005 + 1 {
		if n == 0 {
			runtime.Gosched()
		}
	}
}

// cpuSeconds is the CPU time of all our threads so far.
func cpuSeconds() float64 {
	var now unix.Timespec
	unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &now)
	return float64(now.Nano()) / 1e9
}
