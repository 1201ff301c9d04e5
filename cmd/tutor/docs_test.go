package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/explain/topics"
	"tutor/runtime/container"
	"tutor/runtime/pace"
	"tutor/runtime/program"
)

// What the README and docs/ promise is run here: every command in a console block, and what it prints. In the
// promised output a number stands for any number, "…" for anything, and a line that is just "…" for any lines.

func pages(t *testing.T) []string {
	t.Helper()
	var found []string
	for _, pattern := range []string{"../../README.md", "../../docs/*.md", "../../docs/*/*.md"} {
		paths, err := filepath.Glob(pattern)
		require.NoError(t, err)
		found = append(found, paths...)
	}
	require.NotEmpty(t, found)
	return found
}

var consoleBlock = regexp.MustCompile("(?ms)^```console\n(.*?)^```$")

func TestEveryCommandInTheDocs(t *testing.T) {
	root(t)
	bin := onPath(t)
	for _, page := range pages(t) {
		if filepath.Base(page) == "lesson.md" {
			continue // typed by TestTheLesson, with a browser
		}
		content, err := os.ReadFile(page)
		require.NoError(t, err)
		for n, block := range consoleBlock.FindAllStringSubmatch(string(content), -1) {
			t.Run(fmt.Sprintf("%s block %d", filepath.Base(page), n+1), func(t *testing.T) {
				for _, step := range strings.Split("\n"+block[1], "\n$ ")[1:] {
					typed, promised, _ := strings.Cut(step, "\n")
					cmd := exec.Command("sh", "-c", typed+" 2>&1")
					cmd.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "NO_COLOR=1", "TMPDIR="+t.TempDir())
					out, err := cmd.Output()
					if _, exited := err.(*exec.ExitError); !exited {
						require.NoError(t, err)
					}
					require.Regexp(t, promise(promised), string(out), "$ %s", typed)
				}
			})
		}
	}
}

// onPath is a directory for PATH: tutor, and a sudo that we need not be asked by.
func onPath(t *testing.T) (bin string) {
	t.Helper()
	bin = t.TempDir()
	require.NoError(t, os.Symlink(binary, filepath.Join(bin, "tutor")))
	require.NoError(t, os.WriteFile(filepath.Join(bin, "sudo"), []byte("#!/bin/sh\nexec \"$@\"\n"), 0o755))
	return bin
}

var digits = regexp.MustCompile(`\d+`)

// promise turns what a page shows into a pattern.
func promise(text string) string {
	var b strings.Builder
	b.WriteString("(?s)^")
	for _, line := range strings.SplitAfter(strings.TrimRight(text, "\n"), "\n") {
		if strings.TrimRight(line, "\n") == "…" {
			b.WriteString(".*")
			continue
		}
		quoted := strings.ReplaceAll(regexp.QuoteMeta(line), "…", "[^\n]*")
		quoted = digits.ReplaceAllString(quoted, `\d+`)
		b.WriteString(regexp.MustCompile(` +`).ReplaceAllString(quoted, " +"))
	}
	return b.String()
}

var (
	citedFile = regexp.MustCompile("`((?:runtime|explain|cmd|labs|vagrant|docs)/[\\w./-]+)`((?:, (?:func|type) `\\w+`(?:(?:, | and )(?:func|type) `\\w+`)*)?)")
	citedName = regexp.MustCompile("(func|type) `(\\w+)`")
)

// lessons are read as the docs are; their commands are run by TestEveryLessonDoesWhatItSays.
func lessons(t *testing.T) []string {
	t.Helper()
	paths, err := filepath.Glob("../../labs/*/README.md")
	require.NoError(t, err)
	require.NotEmpty(t, paths)
	return paths
}

// Prose cites code by name; the name must be there.
func TestEveryNameInTheDocs(t *testing.T) {
	pace.Fast(t)
	cited := 0
	for _, page := range append(pages(t), lessons(t)...) {
		content, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range citedFile.FindAllStringSubmatch(strings.ReplaceAll(string(content), "\n", " "), -1) {
			path := filepath.Join("..", "..", m[1])
			info, err := os.Stat(path)
			require.NoError(t, err, "%s cites %s", page, m[1])
			if info.IsDir() {
				continue
			}
			source, err := os.ReadFile(path)
			require.NoError(t, err)
			for _, name := range citedName.FindAllStringSubmatch(m[2], -1) {
				cited++
				require.Regexp(t, `(?m)^`+name[1]+` (\([^)]*\) )?`+name[2]+`\b`, string(source), "%s cites %s of %s", page, name[2], m[1])
			}
		}
	}
	require.Greater(t, cited, 10)
}

var (
	citedPage   = regexp.MustCompile(`\b([a-z][\w.-]*)\((\d)\)`)
	citedLeft   = regexp.MustCompile("--without[ =]([a-z][\\w-]*)")
	citedTopics = regexp.MustCompile("tutor explain ([\\w-]+)`")
)

// What a lesson names is there: man pages (where man has them), entries, topics.
func TestEveryWordOfTheLessons(t *testing.T) {
	pace.Fast(t)
	catalogue, err := container.Catalogue()
	require.NoError(t, err)
	book := topics.Open(catalogue)
	pagesOf := map[string]bool{}
	for _, lesson := range lessons(t) {
		content, err := os.ReadFile(lesson)
		require.NoError(t, err)
		text := strings.ReplaceAll(string(content), "\n", " ")
		for _, m := range citedLeft.FindAllStringSubmatch(text, -1) {
			require.True(t, slices.ContainsFunc(catalogue, func(p program.Program) bool { return p.Find(m[1]) != nil }), "%s: there is no entry %s", lesson, m[1])
		}
		for _, m := range citedTopics.FindAllStringSubmatch(text, -1) {
			_, found := book.Find(m[1])
			require.True(t, found, "%s: there is no topic %s", lesson, m[1])
		}
		for _, m := range citedPage.FindAllStringSubmatch(text, -1) {
			pagesOf[m[1]+" "+m[2]] = true
		}
	}
	require.NotEmpty(t, pagesOf)
	t.Run("man pages", func(t *testing.T) {
		if exec.Command("man", "-w", "2", "clone").Run() != nil {
			t.Skip("needs man and the manual pages of section 2")
		}
		for page := range pagesOf {
			name, section, _ := strings.Cut(page, " ")
			if !inTheBook(book, name+"("+section+")") {
				require.NoError(t, exec.Command("man", "-w", section, name).Run(), "there is no man page %s(%s)", name, section)
			}
		}
	})
}

var (
	fenced       = regexp.MustCompile("(?ms)^```.*?^```$")
	citedCall    = regexp.MustCompile(`\b([a-z][a-z0-9_]+)\((?:2\)|[A-Z"])`)
	citedEntries = regexp.MustCompile("entr(?:y|ies)[^.`]{0,30}((?:`[a-z-]+`(?:, | and )?)+)")
	inCode       = regexp.MustCompile("`([a-z-]+)`")
)

// A system call is one that the kernel has (strace knows them all), and an entry is one of the list.
func TestEveryCallAndEntryOfTheLessons(t *testing.T) {
	catalogue, err := container.Catalogue()
	require.NoError(t, err)
	var calls, entries []string
	for _, page := range append(pages(t), lessons(t)...) {
		content, err := os.ReadFile(page)
		require.NoError(t, err)
		text := strings.ReplaceAll(fenced.ReplaceAllString(string(content), ""), "\n", " ")
		for _, m := range citedCall.FindAllStringSubmatch(text, -1) {
			calls = append(calls, m[1])
		}
		for _, m := range citedEntries.FindAllStringSubmatch(text, -1) {
			for _, name := range inCode.FindAllStringSubmatch(m[1], -1) {
				entries = append(entries, name[1])
			}
		}
	}
	require.Greater(t, len(calls), 20)
	r := command(t, exec.Command(tool(t, "strace"), "-o", "/dev/null", "-e", "trace="+strings.Join(calls, ","), "true"))
	require.Zero(t, r.code, r.stderr)
	require.NotEmpty(t, entries)
	for _, name := range entries {
		require.True(t, slices.ContainsFunc(catalogue, func(p program.Program) bool { return p.Find(name) != nil }), "there is no entry %s", name)
	}
}

// inTheBook tells if a page of the glossary, or an entry, names the man page.
func inTheBook(book topics.Book, man string) bool {
	for _, page := range book.Pages() {
		if slices.Contains(page.Read, man) || page.Entry != nil && page.Entry.Man == man {
			return true
		}
	}
	return false
}

var citedTest = regexp.MustCompile("`((?:Test|Fuzz)\\w+)(?:/([^`]+))?`")

// A page that says what is tested names the test, and after a slash its row. Both must be there.
func TestEveryTestInTheDocs(t *testing.T) {
	sources := map[string]string{} // of each test function, the whole file
	files, err := filepath.Glob("../../*/*/*_test.go")
	require.NoError(t, err)
	more, err := filepath.Glob("../../*/*_test.go")
	require.NoError(t, err)
	files = append(files, more...)
	for _, file := range files {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`).FindAllStringSubmatch(string(source), -1) {
			sources[m[1]] = string(source)
		}
	}
	cited := 0
	for _, page := range pages(t) {
		content, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, m := range citedTest.FindAllStringSubmatch(string(content), -1) {
			cited++
			require.NotEmpty(t, sources[m[1]], "%s cites %s", page, m[1])
			require.True(t, m[2] == "" || strings.Contains(sources[m[1]], `"`+m[2]+`"`), "%s cites %s", page, m[0])
		}
	}
	require.Greater(t, cited, 40)
}

// Git for Windows gives a checkout CR LF, unless it is told otherwise, and the machine's shell reads that checkout.
func TestACheckoutOnWindowsHasTheSameBytes(t *testing.T) {
	for _, file := range []string{"vagrant/provision.sh", "vagrant/motd", "labs/2-namespaces/exercise-sh/box", "Vagrantfile"} {
		out, err := exec.Command("git", "-C", "../..", "check-attr", "eol", "--", file).Output()
		if err != nil {
			t.Skip("needs a git checkout")
		}
		require.Equal(t, file+": eol: lf\n", string(out))
	}
}

func TestTheTopLevelHoldsNothingElse(t *testing.T) {
	out, err := exec.Command("git", "-C", "../..", "ls-files").Output()
	if err != nil {
		t.Skip("needs a git checkout")
	}
	allowed := regexp.MustCompile(`^(labs|cmd|runtime|explain|vagrant|docs)/|^(Vagrantfile|go\.mod|go\.sum|Makefile|README\.md|LICENSE|\..*)`)
	for _, file := range strings.Fields(string(out)) {
		require.Regexp(t, allowed, file)
	}
}
