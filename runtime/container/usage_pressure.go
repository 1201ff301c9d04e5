package container

import (
	"strconv"
	"strings"
)

// A Pressure is for which part of the last ten seconds, in percent, some process of the container stood still for want
// of something. What a container uses does not tell what it lacks: at its limit it uses no more, however much it waits
// (psi.rst). Unknown where the kernel does not count: version 1 without version 2 beside it, or psi=0 at boot.
type Pressure struct{ CPU, Memory, IO float64 }

func (g counters) pressure() Pressure {
	return Pressure{g.stalled("cpu.pressure"), g.stalled("memory.pressure"), g.stalled("io.pressure")}
}

// stalled is avg10 of the line that begins with "some".
func (g counters) stalled(file string) float64 {
	text, _ := g.read(file) // some avg10=0.12 avg60=0.05 avg300=0.01 total=4711
	for line := range strings.Lines(text) {
		rest, some := strings.CutPrefix(line, "some avg10=")
		number, _, _ := strings.Cut(rest, " ")
		if percent, err := strconv.ParseFloat(number, 64); some && err == nil {
			return percent
		}
	}
	return Unknown
}
