package toolbox

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

func uniq(t *tool) error {
	o, err := parse("cdui", t.args)
	if err != nil {
		return err
	}
	if len(o.rest) > 1 {
		f, err := os.Create(o.rest[1])
		if err != nil {
			return err
		}
		defer f.Close()
		t.out = bufio.NewWriter(f)
	}
	previous, times := "", 0
	show := func() {
		if times == 0 || o.has("d") && times == 1 || o.has("u") && times > 1 {
			return
		}
		if o.has("c") {
			previous = fmt.Sprintf("%7d %s", times, previous)
		}
		t.println(previous)
	}
	same := func(a, b string) bool { return a == b || o.has("i") && strings.EqualFold(a, b) }
	t.each(o.rest[:min(1, len(o.rest))], func(_ string, r io.Reader) error {
		return eachLine(r, func(line string, _ bool) bool {
			if times > 0 && same(line, previous) {
				times++
				return true
			}
			show()
			previous, times = line, 1
			return true
		})
	})
	show()
	return t.out.Flush()
}
