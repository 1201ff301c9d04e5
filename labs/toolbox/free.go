package toolbox

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// free shows the memory of the machine, in a container too: /proc/meminfo belongs to no namespace. What a
// container may use stands in /sys/fs/cgroup/memory.max, which is why programs that size themselves by "free" are
// killed there.
func free(t *tool) error {
	o, err := parse("bkmgh", t.args)
	if err != nil {
		return err
	}
	m, err := meminfo()
	if err != nil {
		return err
	}
	show := func(names ...string) string {
		var n uint64
		for _, name := range names {
			n += m[name]
		}
		return amountIn(o, n)
	}
	used := m["MemTotal"] - m["MemAvailable"]
	swapUsed := m["SwapTotal"] - m["SwapFree"]
	t.printf("%s", table([][]string{
		{"", "      total", "       used", "       free", "     shared", " buff/cache", "  available"},
		{"Mem:", show("MemTotal"), amountIn(o, used), show("MemFree"), show("Shmem"), show("Buffers", "Cached", "SReclaimable"), show("MemAvailable")},
		{"Swap:", show("SwapTotal"), amountIn(o, swapUsed), show("SwapFree"), "", "", ""},
	}, "<>>>>>>"))
	return nil
}

func amountIn(o options, bytes uint64) string {
	switch {
	case o.has("h"):
		return human(bytes)
	case o.has("b"):
		return fmt.Sprint(bytes)
	case o.has("m"):
		return fmt.Sprint(bytes >> 20)
	case o.has("g"):
		return fmt.Sprint(bytes >> 30)
	}
	return fmt.Sprint(bytes >> 10)
}

// meminfo reads /proc/meminfo, in bytes.
func meminfo() (map[string]uint64, error) {
	content, err := os.ReadFile("/proc/meminfo")
	m := map[string]uint64{}
	for line := range strings.Lines(string(content)) {
		if f := strings.Fields(line); len(f) >= 2 {
			n, _ := strconv.ParseUint(f[1], 10, 64)
			m[strings.TrimSuffix(f[0], ":")] = n << 10
		}
	}
	return m, err
}
