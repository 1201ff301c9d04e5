package toolbox

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// df shows how full the filesystems are. Inside a container it shows the disk of the host: the overlay has no
// size of its own.
func df(t *tool) error {
	o, err := parse("hTkam", t.args)
	if err != nil {
		return err
	}
	all, err := mounts()
	if err != nil {
		return err
	}
	chosen := all
	if len(o.rest) > 0 {
		chosen = t.holdingAll(o.rest, all)
	}
	header := []string{"Filesystem", "Type", "1K-blocks", "Used", "Available", "Use%", "Mounted on"}
	if o.has("h") {
		header[2], header[4] = "Size", "Avail"
	}
	rows, align := [][]string{header}, "<<>>>><"
	for i, m := range chosen {
		row := m.usage(o)
		if row == nil || len(o.rest) == 0 && !o.has("a") && hidden(i, all) {
			continue
		}
		rows = append(rows, row)
	}
	if !o.has("T") {
		align = "<>>>><"
		for i, row := range rows {
			rows[i] = append(row[:1:1], row[2:]...)
		}
	}
	t.printf("%s", table(rows, align))
	return nil
}

// hidden tells whether a later mount covers this one.
func hidden(i int, all []mounted) bool {
	for _, later := range all[i+1:] {
		if later.dir == all[i].dir {
			return true
		}
	}
	return false
}

func (t *tool) holdingAll(paths []string, all []mounted) []mounted {
	var chosen []mounted
	for _, path := range paths {
		m, err := holding(path, all)
		if err != nil {
			t.complain(err)
			continue
		}
		chosen = append(chosen, m)
	}
	return chosen
}

// holding finds the mount that a path lies on: the one with the longest directory above it.
func holding(path string, all []mounted) (mounted, error) {
	if _, err := os.Stat(path); err != nil {
		return mounted{}, err
	}
	full, err := resolve(path, false)
	if err != nil {
		return mounted{}, err
	}
	var best mounted
	for _, m := range all {
		if (m.dir == "/" || full == m.dir || strings.HasPrefix(full, filepath.Clean(m.dir)+"/")) && len(m.dir) >= len(best.dir) {
			best = m
		}
	}
	return best, nil
}

// usage is a row; nil for what has no size (proc, sysfs, cgroup2), unless -a asks for it.
func (m mounted) usage(o options) []string {
	var s unix.Statfs_t
	if err := unix.Statfs(m.dir, &s); err != nil || s.Blocks == 0 && !o.has("a") && len(o.rest) == 0 {
		return nil
	}
	block := uint64(s.Frsize)
	used, free := (s.Blocks-s.Bfree)*block, s.Bavail*block
	show := func(n uint64) string {
		if o.has("h") {
			return human(n)
		}
		return fmt.Sprint(n / 1024)
	}
	percent := "-"
	if used+free > 0 {
		percent = fmt.Sprintf("%d%%", (used*100+used+free-1)/(used+free))
	}
	return []string{m.source, m.kind, show(s.Blocks * block), show(used), show(free), percent, m.dir}
}
