package toolbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A ddCall is a dd command line: it is older than flags, and speaks in name=value.
type ddCall struct {
	in, out                    string
	block, count, skip, seek   int64
	keep, fsync, direct, quiet bool
	append                     bool
}

func dd(t *tool) error {
	d, err := parseDD(t.args)
	if err != nil {
		return err
	}
	in, out := os.Stdin, os.Stdout
	if d.in != "" {
		if in, err = open(d.in); err != nil {
			return err
		}
	}
	if d.out != "" {
		if out, err = os.OpenFile(d.out, d.how(), 0o666); err != nil {
			return err
		}
		defer out.Close()
	}
	if d.skip > 0 {
		if _, err := in.Seek(d.skip*d.block, io.SeekStart); err != nil {
			io.CopyN(io.Discard, in, d.skip*d.block)
		}
	}
	if d.seek > 0 {
		if !d.keep {
			out.Truncate(d.seek * d.block)
		}
		if _, err := out.Seek(d.seek*d.block, io.SeekStart); err != nil {
			return err
		}
	}
	return d.copy(in, out)
}

func (d ddCall) how() int {
	how := os.O_WRONLY | os.O_CREATE
	if !d.keep && d.seek == 0 {
		how |= os.O_TRUNC
	}
	if d.append {
		how = how&^os.O_TRUNC | os.O_APPEND
	}
	if d.direct {
		how |= unix.O_DIRECT
	}
	return how
}

func parseDD(args []string) (ddCall, error) {
	d := ddCall{block: 512, count: -1}
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		var err error
		switch name {
		case "if":
			d.in = value
		case "of":
			d.out = value
		case "bs":
			d.block, err = size(value)
		case "count":
			d.count, err = size(value)
		case "skip":
			d.skip, err = size(value)
		case "seek":
			d.seek, err = size(value)
		case "conv", "oflag", "iflag", "status":
			err = d.option(name, value)
		default:
			err = usageError("what is " + arg + "?")
		}
		if err != nil {
			return d, err
		}
	}
	if d.block < 1 {
		return d, usageError("bs: a block has one byte at least")
	}
	return d, nil
}

func (d *ddCall) option(name, values string) error {
	for value := range strings.SplitSeq(values, ",") {
		switch name + "=" + value {
		case "conv=notrunc":
			d.keep = true
		case "conv=fsync", "conv=fdatasync":
			d.fsync = true
		case "oflag=direct":
			d.direct = true
		case "oflag=append":
			d.append = true
		case "iflag=fullblock", "status=progress", "status=noxfer": // nothing to do, or nothing lost
		case "status=none":
			d.quiet = true
		default:
			return usageError("what is " + name + "=" + value + "?")
		}
	}
	return nil
}

// copy moves block by block and counts whole and partial ones, "2+1 records", as dd has done since 1974.
func (d ddCall) copy(in io.Reader, out *os.File) error {
	block, err := unix.Mmap(-1, 0, int(d.block), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON) // aligned, for O_DIRECT
	if err != nil {
		return err
	}
	defer unix.Munmap(block)
	start := time.Now()
	var whole, partial, total int64
	for d.count < 0 || whole+partial < d.count {
		n, readErr := in.Read(block)
		if n > 0 {
			if n == len(block) {
				whole++
			} else {
				partial++
			}
			var wrote int
			wrote, err = out.Write(block[:n])
			total += int64(wrote)
		}
		if err == nil && readErr != nil && !errors.Is(readErr, io.EOF) {
			err = readErr
		}
		if err != nil || readErr != nil {
			break
		}
	}
	if d.fsync && err == nil {
		err = out.Sync()
	}
	if !d.quiet {
		took := time.Since(start).Seconds()
		fmt.Fprintf(os.Stderr, "%d+%d records in\n%d+%d records out\n", whole, partial, whole, partial)
		fmt.Fprintf(os.Stderr, "%d bytes (%sB) copied, %.6f seconds, %sB/s\n", total, human(uint64(total)), took, human(uint64(float64(total)/max(took, 1e-9))))
	}
	return err
}
