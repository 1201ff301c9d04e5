package toolbox

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const megabyte = 1 << 20

// eat takes memory step by step, so that one sees how far it comes. It touches every page: memory that is only
// asked for costs nothing, and no limit notices it.
func eat(t *tool) error {
	o, err := parse("q", t.args)
	if err != nil {
		return err
	}
	if len(o.rest) != 1 {
		return usageError("how much?")
	}
	want, err := size(o.rest[0])
	if err != nil {
		return err
	}
	t.diesOf(unix.SIGTERM, unix.SIGINT)
	memory, err := unix.Mmap(-1, 0, int(max(1, want)), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return fmt.Errorf("mmap %s: %s", o.rest[0], reason(err))
	}
	unix.Madvise(memory, unix.MADV_NOHUGEPAGE) // page by page: a huge page would take 2M at one touch
	for at := 0; at < len(memory); at += os.Getpagesize() {
		memory[at] = 1
		held := at + os.Getpagesize()
		if held%megabyte == 0 {
			time.Sleep(2 * time.Millisecond)
		}
		if held%(16*megabyte) == 0 && !o.has("q") {
			fmt.Printf("%dM\n", held/megabyte)
		}
	}
	fmt.Printf("holding %s\n", strings.ToUpper(o.rest[0]))
	for {
		time.Sleep(time.Hour)
	}
}
