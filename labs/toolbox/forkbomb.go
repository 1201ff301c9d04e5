package toolbox

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// forkbomb makes real processes until the kernel says EAGAIN, and then cleans up after itself: the bomb of the
// lecture, with a safety catch. What stops it is pids.max of a cgroup, RLIMIT_NPROC, or --max.
func forkbomb(t *tool) error {
	most := 10000
	if len(t.args) > 0 {
		value := strings.TrimPrefix(strings.Join(t.args, "="), "--max=")
		n, err := strconv.Atoi(value)
		if err != nil || n < 1 {
			return usageError(value + ": not a number of processes")
		}
		most = n
	}
	// At the limit the Go runtime must not want one more thread: it would take the refusal for the end of the world.
	spareThreads(4)
	runtime.LockOSThread()
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(-1)
	children := make([]int, 0, most)
	var refused unix.Errno
	for len(children) < most && refused == 0 {
		var pid uintptr
		if pid, refused = forkSleeper(uintptr(unix.Getpid())); refused == 0 {
			children = append(children, int(pid))
		}
	}
	said := fmt.Sprintf("%d processes, then: ", len(children))
	if refused == 0 {
		said += "that was enough (--max)\n"
	} else {
		said += refused.Error() + "\n"
	}
	unix.Write(1, []byte(said))
	for _, pid := range children {
		unix.Kill(pid, unix.SIGKILL)
	}
	for range children {
		unix.Wait4(-1, nil, 0, nil) // all children are ours: this program uses no os/exec here
	}
	os.Exit(boolInt(refused != 0))
	return nil
}

// spareThreads has the runtime make some, while it can: on a slow machine a system call that lasts makes it want another
// one for whoever waits. A thread whose goroutine has ended is kept for the next.
func spareThreads(n int) {
	var made, ended sync.WaitGroup
	release := make(chan struct{})
	for range n {
		made.Add(1)
		ended.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			made.Done()
			<-release
		})
	}
	made.Wait()
	close(release)
	ended.Wait()
}

// forkSleeper forks a child that waits to be killed. Only raw system calls may follow in the child: it has one
// thread and nothing of the Go runtime but a stack. A Go program as child would take five threads of the limit.
//
//go:nosplit
//go:norace
func forkSleeper(parent uintptr) (pid uintptr, errno unix.Errno) {
	pid, _, errno = unix.RawSyscall6(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0, 0, 0, 0)
	if errno != 0 || pid != 0 {
		return pid, errno
	}
	// If forkbomb itself is killed, its children must not stay: the kernel kills them when their parent ends, and if
	// that was too fast to be asked for, they see another parent.
	unix.RawSyscall6(unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0, 0)
	if now, _, _ := unix.RawSyscall6(unix.SYS_GETPPID, 0, 0, 0, 0, 0, 0); now != parent {
		unix.RawSyscall6(unix.SYS_EXIT_GROUP, 0, 0, 0, 0, 0, 0)
	}
	for {
		unix.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
	}
}
