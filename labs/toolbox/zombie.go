package toolbox

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// zombie leaves its child unburied: dead, but still in the table of processes, because nobody has asked for its
// exit status. Nothing can kill it; it goes when its parent waits, or ends and PID 1 waits in its place.
func zombie(t *tool) error {
	seconds := 60.0
	if len(t.args) > 0 {
		var err error
		if seconds, err = strconv.ParseFloat(t.args[0], 64); err != nil {
			return usageError(t.args[0] + ": not a number of seconds")
		}
	}
	t.diesOf(unix.SIGTERM, unix.SIGINT)
	child, err := os.StartProcess(self("true"), []string{"true"}, &os.ProcAttr{Files: []*os.File{nil, nil, nil}})
	if err != nil {
		return err
	}
	for {
		if p, ok := readProcess(child.Pid); !ok || p.state == "Z" {
			break
		}
		time.Sleep(time.Millisecond)
	}
	fmt.Printf("%d is dead, and I do not wait for it (ps shows Z)\n", child.Pid)
	time.Sleep(time.Duration(seconds * float64(time.Second)))
	return nil
}
