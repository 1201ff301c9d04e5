package toolbox

import (
	"io"
	"math"
	"strconv"
	"strings"
)

// A span is one range of a list: 3, 2-5, -4, 7-.
type span struct{ from, to int }

func cut(t *tool) error {
	o, err := parse("d:f:c:b:s", t.args)
	if err != nil {
		return err
	}
	list := o.value('f', o.value('c', o.value('b', "")))
	spans, err := parseSpans(list)
	if err != nil {
		return err
	}
	separator := o.value('d', "\t")
	if len([]rune(separator)) != 1 {
		return usageError("-d takes one character")
	}
	t.each(o.rest, func(_ string, r io.Reader) error {
		return eachLine(r, func(line string, _ bool) bool {
			switch {
			case !o.has("f"):
				t.println(strings.Join(pick(strings.Split(line, ""), spans), ""))
			case strings.Contains(line, separator):
				t.println(strings.Join(pick(strings.Split(line, separator), spans), separator))
			case !o.has("s"):
				t.println(line)
			}
			return true
		})
	})
	return nil
}

func parseSpans(list string) ([]span, error) {
	var spans []span
	for part := range strings.SplitSeq(list, ",") {
		from, to, ranged := strings.Cut(part, "-")
		s := span{1, math.MaxInt}
		var err error
		if from != "" {
			s.from, err = strconv.Atoi(from)
		}
		if to != "" && err == nil {
			s.to, err = strconv.Atoi(to)
		}
		if !ranged {
			s.to = s.from
		}
		if err != nil || part == "" || part == "-" || s.from < 1 || s.to < s.from {
			return nil, usageError("not a list: " + strconv.Quote(list))
		}
		spans = append(spans, s)
	}
	return spans, nil
}

// pick keeps the items that a span names, in their own order, each once.
func pick(items []string, spans []span) []string {
	var kept []string
	for i, item := range items {
		for _, s := range spans {
			if i+1 >= s.from && i+1 <= s.to {
				kept = append(kept, item)
				break
			}
		}
	}
	return kept
}
