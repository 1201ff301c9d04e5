package toolbox

import (
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A search is grep at work: what to look for, how to show it, and whether it was found.
type search struct {
	*tool
	o     options
	find  *regexp.Regexp
	names bool
	max   int
	found bool
}

// grep exits 0 when it found something, 1 when not, 2 when something went wrong. Its regular expressions are
// Go's (RE2): they run in linear time, and know no back-references.
func grep(t *tool) error {
	o, err := parse("EFivnclqowHhrRsm:e:", t.args)
	if err != nil {
		return err
	}
	patterns := o.given['e']
	if len(patterns) == 0 {
		if len(o.rest) == 0 {
			return usageError("what shall be looked for?")
		}
		patterns, o.rest = strings.Split(o.rest[0], "\n"), o.rest[1:]
	}
	s := &search{tool: t, o: o}
	if s.find, err = pattern(patterns, o); err != nil {
		return usageError(err.Error())
	}
	if s.max, err = o.number('m', -1); err != nil {
		return err
	}
	paths := s.targets()
	s.names = (len(paths) > 1 || o.has("rR") || o.has("H")) && !o.has("h")
	t.each(paths, s.file)
	if s.found && (!t.failed || o.has("q")) {
		return exitCode(0)
	}
	if t.failed {
		return exitCode(2)
	}
	return exitCode(1)
}

// pattern makes one expression of all patterns.
func pattern(patterns []string, o options) (*regexp.Regexp, error) {
	alternatives := make([]string, 0, len(patterns))
	for _, p := range patterns {
		switch {
		case o.has("F"):
			p = regexp.QuoteMeta(p)
		case !o.has("E"):
			p = extended(p)
		}
		alternatives = append(alternatives, "(?:"+p+")")
	}
	all := strings.Join(alternatives, "|")
	if o.has("w") {
		all = `\b(?:` + all + `)\b`
	}
	if o.has("i") {
		all = "(?i)" + all
	}
	return regexp.Compile(all)
}

// extended turns a basic regular expression into an extended one: in the basic kind ( ) { } | + ? are plain
// characters, and operators when a backslash stands before them; in the other kind it is the other way round.
func extended(basic string) string {
	var b strings.Builder
	for i := 0; i < len(basic); i++ {
		c := basic[i]
		switch {
		case c == '[':
			end := bracketEnd(basic, i)
			b.WriteString(basic[i:end])
			i = end - 1
		case c == '\\' && i+1 < len(basic):
			i++
			switch {
			case strings.IndexByte("(){}|+?", basic[i]) >= 0:
				b.WriteByte(basic[i])
			case basic[i] == '<' || basic[i] == '>':
				b.WriteString(`\b`)
			default:
				b.WriteString(basic[i-1 : i+1])
			}
		case strings.IndexByte("(){}|+?", c) >= 0, c == '*' && (i == 0 || basic[:i] == "^"):
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

// bracketEnd is where the bracket expression that begins at i ends: a "]" in the first place is a member.
func bracketEnd(s string, i int) int {
	j := i + 1
	if j < len(s) && s[j] == '^' {
		j++
	}
	if j < len(s) && s[j] == ']' {
		j++
	}
	for j < len(s) && s[j] != ']' {
		if s[j] == '[' && j+1 < len(s) && s[j+1] == ':' {
			if end := strings.Index(s[j:], ":]"); end > 0 {
				j += end + 1
			}
		}
		j++
	}
	return min(j+1, len(s))
}

// targets are the files to read; -r walks directories.
func (s *search) targets() []string {
	if !s.o.has("rR") {
		return s.o.rest
	}
	roots := s.o.rest
	if len(roots) == 0 {
		roots = []string{"."}
	}
	var all []string
	for _, root := range roots {
		filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil && !s.o.has("s"):
				s.complain(err)
			case err == nil && d.Type().IsRegular(), err == nil && path == root && !d.IsDir():
				all = append(all, path)
			}
			return nil
		})
	}
	if len(all) == 0 {
		return []string{os.DevNull} // nothing to read is not standard input
	}
	return all
}

// file searches one file.
func (s *search) file(path string, r io.Reader) error {
	head := make([]byte, 4096)
	n, _ := io.ReadFull(r, head)
	binary := bytes.IndexByte(head[:n], 0) >= 0
	r = io.MultiReader(bytes.NewReader(head[:n]), r)
	prefix := ""
	if s.names {
		prefix = strings.Replace(path, "-", "(standard input)", boolInt(path == "-")) + ":"
	}
	hits, number := 0, 0
	err := eachLine(r, func(line string, _ bool) bool {
		number++
		if s.find.MatchString(line) == s.o.has("v") || hits == s.max {
			return hits != s.max
		}
		hits++
		s.found = true
		if s.o.has("qlc") {
			return s.o.has("c") && !s.o.has("q") && !s.o.has("l")
		}
		if binary {
			s.println("Binary file " + path + " matches")
			return false
		}
		s.show(prefix, number, line)
		return true
	})
	switch {
	case s.o.has("q"):
	case s.o.has("l") && hits > 0:
		s.println(path)
	case s.o.has("c") && !s.o.has("l"):
		s.println(fmt.Sprint(prefix, hits))
	}
	return err
}

// show prints a line that was found, or with -o what was found in it.
func (s *search) show(prefix string, number int, line string) {
	if s.o.has("n") {
		prefix = fmt.Sprintf("%s%d:", prefix, number)
	}
	if !s.o.has("o") {
		s.println(prefix + line)
		return
	}
	for _, hit := range s.find.FindAllString(line, -1) {
		if hit != "" && !s.o.has("v") {
			s.println(prefix + hit)
		}
	}
}
