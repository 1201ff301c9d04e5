package toolbox

import (
	"fmt"
	"strconv"
	"strings"
)

func seq(t *tool) error {
	args, separator, equalWidth := t.args, "\n", false
	for len(args) > 0 && (args[0] == "-w" || args[0] == "-s") {
		if args[0] == "-w" {
			equalWidth, args = true, args[1:]
			continue
		}
		if len(args) < 2 {
			return usageError("-s needs a value")
		}
		separator, args = args[1], args[2:]
	}
	return sequence(t, args, separator, equalWidth)
}

func sequence(t *tool, args []string, separator string, equalWidth bool) error {
	if len(args) == 0 || len(args) > 3 {
		return usageError("one to three numbers, please")
	}
	decimals := 0
	numbers := make([]float64, len(args))
	for i, text := range args {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return usageError(text + " is not a number")
		}
		numbers[i] = n
		if _, fraction, ok := strings.Cut(text, "."); ok && (i < 2 || len(args) == 1) {
			decimals = max(decimals, len(fraction))
		}
	}
	first, step, last := 1.0, 1.0, numbers[len(numbers)-1]
	if len(numbers) > 1 {
		first = numbers[0]
	}
	if len(numbers) == 3 {
		step = numbers[1]
	}
	if step == 0 {
		return usageError("a step of 0 leads nowhere")
	}
	width := 0
	if equalWidth {
		width = max(len(strconv.FormatFloat(first, 'f', decimals, 64)), len(strconv.FormatFloat(last, 'f', decimals, 64)))
	}
	return t.count(first, step, last, func(n float64) string { return fmt.Sprintf("%0*.*f", width, decimals, n) }, separator)
}

// count multiplies instead of adding up: ten times 0.1 is not 1.
func (t *tool) count(first, step, last float64, show func(float64) string, separator string) error {
	for i := 0; ; i++ {
		n := first + float64(i)*step
		if step > 0 && n > last+step/1e9 || step < 0 && n < last+step/1e9 {
			if i > 0 {
				t.println("")
			}
			return nil
		}
		if i > 0 {
			t.out.WriteString(separator)
		}
		if _, err := t.out.WriteString(show(n)); err != nil {
			return err
		}
	}
}
