package toolbox

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// At a terminal a line can be edited, fetched back with the arrow keys, and completed with Tab. The terminal's driver hands
// over each key for as long as the prompt stands, and whole lines to every command, as it is used to.

// edit reads one line after a prompt.
func (s *shell) edit(prompt string) (string, error) {
	above := prompt[:strings.LastIndex(prompt, "\n")+1] // what the editor would count as columns
	os.Stderr.WriteString(above)
	restore, err := keyByKey(unix.IEXTEN) // Ctrl-C stays a signal
	if err != nil {
		return "", err
	}
	defer restore()
	t := term.NewTerminal(keyboard{s}, prompt[len(above):])
	if s.history.History == nil {
		s.history.History = t.History
	}
	t.History, t.AutoCompleteCallback = s.history, s.complete
	if size, err := unix.IoctlGetWinsize(0, unix.TIOCGWINSZ); err == nil && size.Col > 0 {
		t.SetSize(int(size.Col), int(size.Row))
	}
	line, err := t.ReadLine()
	if err != nil {
		return "", err
	}
	return line + "\n", nil
}

// A keyboard gives one byte at a time: what was typed after the line is the command's.
type keyboard struct{ s *shell }

func (k keyboard) Read(p []byte) (int, error)  { return k.s.readByte(p[:1]) }
func (k keyboard) Write(p []byte) (int, error) { return os.Stderr.Write(p) }

// A history keeps no empty lines, and none twice in a row.
type history struct{ term.History }

func (h history) Add(line string) {
	if strings.TrimSpace(line) != "" && (h.Len() == 0 || h.At(0) != line) {
		h.History.Add(line)
	}
}

// complete writes on what Tab was pressed behind: a tool at the beginning of a command, else a file.
func (s *shell) complete(line string, at int, key rune) (string, int, bool) {
	if key != '\t' {
		return "", 0, false
	}
	before := line[:at]
	start := strings.LastIndexAny(before, " \t;|&<>(=") + 1
	word := before[start:]
	var found []string
	if first := strings.TrimRight(before[:start], " \t"); (first == "" || strings.ContainsAny(first[len(first)-1:], ";|&(")) && !strings.Contains(word, "/") {
		for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
			for _, path := range s.files(dir + "/" + word) {
				if name := filepath.Base(path); !strings.HasSuffix(path, "/") && !slices.Contains(found, name) {
					found = append(found, name)
				}
			}
		}
	} else {
		found = s.files(word)
	}
	if len(found) > 0 {
		more := common(found)
		line, at = before[:start]+more+line[at:], start+len(more)
	}
	return line, at, true
}

// files are those whose path begins so: a directory with its slash, another with a space.
func (s *shell) files(word string) (found []string) {
	dir, begun := word[:strings.LastIndex(word, "/")+1], word[strings.LastIndex(word, "/")+1:]
	place := dir
	if !filepath.IsAbs(place) {
		place = filepath.Join(s.runner.Dir, place)
	}
	entries, _ := os.ReadDir(place) // none: nothing to offer
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), begun) || begun == "" && strings.HasPrefix(e.Name(), ".") {
			continue
		}
		end := " "
		if info, err := os.Stat(filepath.Join(place, e.Name())); err == nil && info.IsDir() {
			end = "/"
		}
		found = append(found, dir+e.Name()+end)
	}
	return found
}

// common is what all of them begin with.
func common(words []string) string {
	begin := words[0]
	for _, w := range words {
		for !strings.HasPrefix(w, begin) {
			begin = begin[:len(begin)-1]
		}
	}
	return begin
}
