package toolbox

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// size reads 4096, 64k, 64M, 1G (also 1GiB, 1MB: powers of 1024, as everywhere in the kernel).
func size(text string) (int64, error) {
	digits := strings.TrimRight(text, "bBiIkKmMgGtTc")
	unit := strings.ToLower(text[len(digits):])
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || n < 0 {
		return 0, usageError(text + " is not a size")
	}
	shift := 0
	if unit != "" {
		shift = strings.Index("bkmgt", strings.Replace(unit[:1], "c", "b", 1)) * 10
	}
	if shift < 0 {
		return 0, usageError(text + " is not a size")
	}
	return int64(n * float64(int64(1)<<shift)), nil
}

// human writes a size as ls -h and df -h do: 3 digits at most, rounded up, so that nothing is smaller than it says.
func human(n uint64) string {
	if n < 1024 {
		return strconv.FormatUint(n, 10)
	}
	value, unit := float64(n), -1
	for value >= 1024 && unit < 5 {
		value, unit = value/1024, unit+1
	}
	letter := "KMGTPE"[unit : unit+1]
	if up := math.Ceil(value*10) / 10; up < 10 {
		return fmt.Sprintf("%.1f%s", up, letter)
	}
	if math.Ceil(value) >= 1024 && unit < 5 {
		return "1.0" + "KMGTPE"[unit+1:unit+2]
	}
	return fmt.Sprintf("%.0f%s", math.Ceil(value), letter)
}
