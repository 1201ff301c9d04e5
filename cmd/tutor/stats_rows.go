//go:build linux

package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/docker/go-units"

	"tutor/runtime/container"
)

// A statsRow is one line, with the names that Docker's templates use, in the order of its JSON.
type statsRow struct {
	BlockIO, CPUPerc, Container, ID, MemPerc, MemUsage, Name, NetIO, PIDs string

	pressure struct{ cpu, memory, io string }
}

// What Docker's has not are methods: a template finds them, and the JSON stays as Docker's.

func (r statsRow) CPUPressure() string { return r.pressure.cpu }
func (r statsRow) MemPressure() string { return r.pressure.memory }
func (r statsRow) IOPressure() string  { return r.pressure.io }

const statsColumns = `{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t{{.BlockIO}}\t{{.PIDs}}`

var statsHeadings = statsRow{ID: "CONTAINER ID", Container: "CONTAINER", Name: "NAME", CPUPerc: "CPU %", MemUsage: "MEM USAGE / LIMIT",
	MemPerc: "MEM %", NetIO: "NET I/O", BlockIO: "BLOCK I/O", PIDs: "PIDS",
	pressure: struct{ cpu, memory, io string }{"CPU PRESSURE", "MEM PRESSURE", "I/O PRESSURE"}}

// uncounted is Docker's mark for a number that there is not.
const uncounted = "--"

// rows compares two looks. A container that is in the second only has no CPU % yet.
func (v statsView) rows(before, now []look) []statsRow {
	last := map[string]look{}
	for _, l := range before {
		last[l.state.ID] = l
	}
	rows := []statsRow{}
	for _, l := range now {
		row := l.row()
		if l.runs && last[l.state.ID].runs && l.usage.CPU >= 0 {
			row.CPUPerc = fmt.Sprintf("%.2f%%", l.usage.Percent(last[l.state.ID].usage))
		}
		row.Container = v.typed[l.state.ID]
		if row.Container == "" {
			row.Container = shorter(l.state.ID, v.noTrunc)
		}
		row.ID = shorter(l.state.ID, v.noTrunc)
		rows = append(rows, row)
	}
	return rows
}

// row is all but CPU % and the ID. A container that does not run uses nothing, and has no limit.
func (l look) row() statsRow {
	u := l.usage
	row := statsRow{Name: l.state.Name, CPUPerc: uncounted, MemUsage: uncounted + " / " + uncounted, MemPerc: uncounted,
		NetIO: pair(u.Received, u.Sent), BlockIO: pair(u.Read, u.Written), PIDs: uncounted}
	row.pressure.cpu, row.pressure.memory, row.pressure.io = waiting(u.Pressure.CPU), waiting(u.Pressure.Memory), waiting(u.Pressure.IO)
	if row.Name == "" {
		row.Name = uncounted
	}
	if !l.runs {
		row.CPUPerc = "0.00%"
	}
	if u.PIDs != container.Unknown {
		row.PIDs = fmt.Sprint(u.PIDs)
	}
	if u.Memory != container.Unknown {
		row.MemUsage = units.BytesSize(float64(u.Memory)) + " / " + units.BytesSize(float64(u.Limit))
		row.MemPerc = fmt.Sprintf("%.2f%%", float64(u.Memory)/float64(max(u.Limit, 1))*100)
	}
	return row
}

// waiting is how much of the time some process waited.
func waiting(percent float64) string {
	if percent == container.Unknown {
		return uncounted
	}
	return fmt.Sprintf("%.2f%%", percent)
}

// pair is two counts of bytes: "1.2kB / 0B".
func pair(a, b int64) string {
	if a == container.Unknown || b == container.Unknown {
		return uncounted
	}
	return units.HumanSizeWithPrecision(float64(a), 3) + " / " + units.HumanSizeWithPrecision(float64(b), 3)
}

func shorter(id string, noTrunc bool) string {
	if noTrunc {
		return id
	}
	return fmt.Sprintf("%.12s", id)
}

// checkFormat finds what is wrong with a template before anything is waited for.
func checkFormat[T any](format string, row T) error {
	if format == "" || format == "table" || format == "json" {
		return nil
	}
	return printTemplate(io.Discard, strings.TrimPrefix(format, "table "), []T{row})
}
