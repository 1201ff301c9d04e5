package toolbox

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// writer writes to the disk as fast as it may, and says how fast that was. O_DIRECT goes past the page cache:
// without it a write is a copy to memory, and a limit on the disk shows only much later. Filesystems without a disk
// (tmpfs) refuse O_DIRECT; there it writes as everyone does.
func writer(t *tool) error {
	o, err := parse("s:q", t.args)
	if err != nil {
		return err
	}
	total, err := size(o.value('s', "64M"))
	if err != nil {
		return err
	}
	path := "writer.data"
	if len(o.rest) > 0 {
		path = o.rest[0]
	}
	t.diesOf(unix.SIGTERM, unix.SIGINT)
	how := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	f, err := os.OpenFile(path, how|unix.O_DIRECT, 0o644)
	if err != nil {
		f, err = os.OpenFile(path, how, 0o644)
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if len(o.rest) == 0 {
		defer os.Remove(path)
	}
	return write(f, total, o.has("q"))
}

func write(f *os.File, total int64, quiet bool) error {
	block, err := unix.Mmap(-1, 0, megabyte, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON) // O_DIRECT wants aligned memory
	if err != nil {
		return err
	}
	start := time.Now()
	var done, told int64
	for last := start; done < total; {
		n, err := f.Write(block[:min(int64(len(block)), (total-done+4095)/4096*4096)])
		if err != nil {
			return err
		}
		done += int64(n)
		if span := time.Since(last); span >= time.Second && !quiet {
			fmt.Printf("%.1f MB/s\n", float64(done-told)/1e6/span.Seconds())
			last, told = time.Now(), done
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	took := max(time.Since(start).Seconds(), 1e-6)
	fmt.Printf("%.1f MB in %.2f s: %.1f MB/s\n", float64(done)/1e6, took, float64(done)/1e6/took)
	return nil
}
