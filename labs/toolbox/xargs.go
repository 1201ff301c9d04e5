package toolbox

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

// argMax is how much xargs puts on one command line: well below the kernel's 128 KiB a word and 2 MiB in all.
const argMax = 128 << 10

func xargs(t *tool) error {
	o, err := parse("+0rtn:I:L:", t.args)
	if err != nil {
		return err
	}
	most, err := o.number('n', 1<<30)
	if err != nil || most < 1 {
		return usageError("-n takes a number")
	}
	command := o.rest
	if len(command) == 0 {
		command = []string{"echo"}
	}
	input, err := io.ReadAll(bufio.NewReader(os.Stdin))
	if err != nil {
		return err
	}
	place := o.value('I', "")
	items, err := items(string(input), o.has("0"), place != "")
	if err != nil {
		return err
	}
	x := &runner{tool: t, show: o.has("t")}
	if place != "" {
		for _, item := range items {
			x.run(filled(command, place, item))
		}
		return exitCode(x.worst)
	}
	for first := true; len(items) > 0 || first && !o.has("r"); first = false {
		n, length := 0, 0
		for n < min(most, len(items)) && (n == 0 || length+len(items[n]) < argMax) {
			length += len(items[n]) + 1
			n++
		}
		x.run(append(append([]string{}, command...), items[:n]...))
		items = items[n:]
	}
	return exitCode(x.worst)
}

// A runner runs commands and keeps the worst of their exit codes: 123 when one failed, 126 and 127 as they are.
type runner struct {
	*tool
	show  bool
	worst int
}

func (x *runner) run(words []string) {
	if x.show {
		fmt.Fprintln(x.err, strings.Join(words, " "))
	}
	switch code := x.tool.run(words); {
	case code == 126 || code == 127:
		x.worst = code
	case code != 0 && x.worst == 0:
		x.worst = 123
	}
}

// items splits the input: at NUL bytes, at newlines (for -I), or at blanks with quotes and backslashes heeded.
func items(input string, zero, lines bool) ([]string, error) {
	if zero {
		return strings.Split(strings.TrimSuffix(input, "\x00"), "\x00")[boolInt(input == ""):], nil
	}
	var all []string
	if lines {
		for line := range strings.Lines(input) {
			if line = strings.TrimLeft(strings.TrimSuffix(line, "\n"), " \t"); line != "" {
				all = append(all, line)
			}
		}
		return all, nil
	}
	return quotedWords(input)
}

func quotedWords(input string) ([]string, error) {
	var all []string
	var word strings.Builder
	begun, quoted := false, byte(0)
	for i := 0; i < len(input); i++ {
		c := input[i]
		switch {
		case quoted != 0 && c == quoted:
			quoted = 0
		case quoted != 0:
			word.WriteByte(c)
		case c == '\'' || c == '"':
			quoted, begun = c, true
		case c == '\\' && i+1 < len(input):
			i++
			word.WriteByte(input[i])
			begun = true
		case c == ' ' || c == '\t' || c == '\n':
			if begun {
				all = append(all, word.String())
				word.Reset()
			}
			begun = false
		default:
			word.WriteByte(c)
			begun = true
		}
	}
	if quoted != 0 {
		return nil, fmt.Errorf("a quote without its partner")
	}
	if begun {
		all = append(all, word.String())
	}
	return all, nil
}
