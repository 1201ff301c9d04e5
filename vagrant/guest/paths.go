package guest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// inside says an argument in the machine's words: a path below the checkout becomes one below /vagrant, alone or as
// a part of --flag=PATH, PATH:/srv or source=PATH. Any other path is left alone: it may well be the container's.
func (g Guest) inside(arg string) string {
	for _, spelling := range g.spellings() {
		below := regexp.MustCompile(`^()` + spelling + `|(^-\w|[=,:])` + spelling)
		arg = below.ReplaceAllStringFunc(arg, func(found string) string {
			m := below.FindStringSubmatch(found)
			return m[1] + m[3] + shared + g.slashes(m[2]+m[4])
		})
	}
	if g.Windows && g.isRelative(arg) {
		place, rest, _ := strings.Cut(arg, ":")
		return g.slashes(place) + arg[len(place):len(arg)-len(rest)] + rest
	}
	return arg
}

// spellings are patterns for the checkout's path with whatever follows in it: as it was found, and without symbolic
// links, because a shell's idea of the folder may be either (on macOS /tmp is a link).
func (g Guest) spellings() []string {
	roots := []string{g.Checkout}
	if real, err := filepath.EvalSymlinks(g.Checkout); err == nil && real != g.Checkout {
		roots = append(roots, real)
	}
	var patterns []string
	for _, root := range roots {
		pattern := regexp.QuoteMeta(root)
		if g.Windows {
			pattern = windowsPath(root)
		}
		patterns = append(patterns, pattern+`($|[:,]|`+g.separator()+`[^:,]*)`)
	}
	return patterns
}

// windowsPath is a pattern for C:\Users\ann as cmd.exe, Git Bash (/c/…), Cygwin (/cygdrive/c/…) and WSL (/mnt/c/…)
// write it. Windows does not tell capitals from small letters.
func windowsPath(root string) string {
	drive, folders, _ := strings.Cut(strings.ReplaceAll(root, `\`, "/"), ":")
	folders = strings.ReplaceAll(regexp.QuoteMeta(folders), "/", `[\\/]`)
	return `(?i:(?:` + drive + `:|/cygdrive/` + drive + `|/mnt/` + drive + `|/` + drive + `)` + folders + `)`
}

func (g Guest) separator() string {
	if g.Windows {
		return `[\\/]`
	}
	return "/"
}

func (g Guest) slashes(path string) string {
	if g.Windows {
		return strings.ReplaceAll(path, `\`, "/")
	}
	return path
}

// isRelative says whether a word with backslashes is a path from where we stand: it begins as one, or is there.
func (g Guest) isRelative(arg string) bool {
	place, _, _ := strings.Cut(arg, ":")
	if strings.HasPrefix(place, `.\`) || strings.HasPrefix(place, `..\`) {
		return true
	}
	if !strings.Contains(place, `\`) || strings.HasPrefix(place, `\`) {
		return false
	}
	_, err := os.Stat(filepath.Join(g.Dir, filepath.FromSlash(g.slashes(place))))
	return err == nil
}
