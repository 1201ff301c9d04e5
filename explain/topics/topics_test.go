package topics

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/explain"
	"tutor/runtime/container"
	"tutor/runtime/pace"
	"tutor/runtime/program"
)

func catalogue(t *testing.T) []program.Program {
	t.Helper()
	programs, err := container.Catalogue()
	require.NoError(t, err)
	return programs
}

// each runs a check on every page and on what was written for it.
func each(t *testing.T, check func(t *testing.T, p Page, written Topic)) {
	t.Helper()
	b := Open(catalogue(t))
	i := 0
	for _, g := range groups {
		for _, written := range g.Topics {
			page := b.Pages()[i]
			t.Run(page.Name, func(t *testing.T) { check(t, page, written) })
			i++
		}
	}
	require.Greater(t, i, 100)
}

func TestEveryEntryHasAPage(t *testing.T) {
	b := Open(catalogue(t))
	for _, op := range catalogue(t)[0] {
		page, found := b.Find(op.Name)
		require.True(t, found, "%s has no page in explain/topics", op.Name)
		require.NotNil(t, page.Entry, "the page %s does not say that it is the entry %s", page.Name, op.Name)
		require.Equal(t, op.Name, page.Entry.Name)
	}
}

// The constructors of runtime/sys are all the calls that any Program can make, those that this test does not know
// included.
func TestEverySystemCallHasAPage(t *testing.T) {
	b := Open(catalogue(t))
	names := constructors(t)
	require.Contains(t, names, "pivot_root")
	for _, name := range names {
		page, found := b.Find(name)
		require.True(t, found, "%s has no page in explain/topics", name)
		require.NotNil(t, page.Call, "the page %s does not say that it is the call %s", page.Name, name)
		require.Equal(t, name, page.Call.Name)
	}
}

// constructors are the names in all literals of runtime/sys like Call{Name: "mount"}.
func constructors(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../runtime/sys/*.go")
	require.NoError(t, err)
	var names []string
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			literal, _ := n.(*ast.CompositeLit)
			if literal == nil || fmt.Sprint(literal.Type) != "Call" {
				return true
			}
			for _, element := range literal.Elts {
				pair := element.(*ast.KeyValueExpr)
				if fmt.Sprint(pair.Key) == "Name" {
					name, err := strconv.Unquote(pair.Value.(*ast.BasicLit).Value)
					require.NoError(t, err)
					names = append(names, name)
				}
			}
			return true
		})
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestNoPageNamesAnEntryOrACallThatIsNotThere(t *testing.T) {
	programs := catalogue(t)
	each(t, func(t *testing.T, p Page, written Topic) {
		if written.Op != "" {
			require.NotNil(t, programs[0].Find(written.Op), "no start has an entry %q", written.Op)
		}
		if written.Call != "" {
			require.NotEmpty(t, p.Call.UsedBy, "no start makes the call %q", written.Call)
		}
	})
}

// What the Op says stands in the Op, and nowhere else.
func TestNothingIsWrittenTwice(t *testing.T) {
	each(t, func(t *testing.T, p Page, written Topic) {
		if p.Entry == nil {
			return
		}
		require.NotEqual(t, p.Entry.Why, written.Why)
		require.NotContains(t, written.Hand, p.Entry.Shell)
		require.NotContains(t, written.Read, p.Entry.Man)
		require.Zero(t, written.Lab, "the Op knows its lab")
	})
}

var (
	sentence = regexp.MustCompile(`[.?!]( |$)`)
	source   = regexp.MustCompile(`^([A-Za-z_0-9.-]+\([1-8]\)|OCI (image|runtime|distribution)-spec(, .+)?|[a-z0-9_-]+\.rst \(kernel documentation\)(, .+)?|tutor: docs/.+\.md)$`)
)

func TestEveryPageHasAllItsParts(t *testing.T) {
	each(t, func(t *testing.T, p Page, written Topic) {
		n := len(sentence.FindAllString(p.What, -1))
		require.True(t, n >= 2 && n <= 6, "%d sentences: %s", n, p.What)
		require.NotEmpty(t, p.Why)
		require.NotEmpty(t, p.Hand)
		require.Regexp(t, `\btutor `, p.Command)
		require.NotEmpty(t, p.Look)
		require.Equal(t, written.Try.Terminal, written.Try.Want == "", "what is run without a terminal is looked at")
		require.NotEmpty(t, p.Read)
		for _, read := range p.Read {
			require.Regexp(t, source, read)
			if doc, ours := strings.CutPrefix(read, "tutor: "); ours {
				require.FileExists(t, filepath.Join("..", "..", doc))
			}
		}
		require.Contains(t, []int{1, 2, 3, 4, 5, 6, 7}, p.Lab)
		require.NotContains(t, p.What+p.Why, "\t")
		if p.Call != nil {
			require.Regexp(t, `^[a-z_]+ .*\b`+p.Call.Name+`\(.*\);$`, p.Call.Signature)
			require.NotEmpty(t, p.Call.Example)
		}
	})
}

func TestErrorsTeachSomething(t *testing.T) {
	each(t, func(t *testing.T, p Page, written Topic) {
		for i, e := range written.Errors {
			require.NotEmpty(t, p.Call.Errors[i].Meaning)
			require.NotEqual(t, e.Op == "", e.Text == "", "one of both: the hint of an entry, or a text")
			if e.Op != "" {
				require.Contains(t, p.Call.UsedBy, e.Op, "the hint is another call's")
				require.NotEqual(t, explain.Hint("", e.Errno), p.Call.Errors[i].Meaning, "the hint is anybody's")
			}
		}
		if written.Call != "" && written.Call != "umask" { // which cannot fail
			require.NotEmpty(t, written.Errors)
		}
	})
}

// From every page one can go on, and every page can be come to.
func TestSeeAlsoHasNoDeadEnds(t *testing.T) {
	pace.Fast(t)
	named := map[string]bool{}
	for _, p := range Open(catalogue(t)).Pages() {
		for _, name := range p.See {
			named[name] = true
		}
	}
	b := Open(catalogue(t))
	each(t, func(t *testing.T, p Page, _ Topic) {
		require.GreaterOrEqual(t, len(p.See), 2)
		require.True(t, named[p.Name], "no page leads here")
		for i, name := range p.See {
			to, found := b.Find(name)
			require.True(t, found, name)
			require.Equal(t, name, to.Name, "by its own name")
			require.NotEqual(t, p.Name, name)
			require.NotContains(t, p.See[:i], name)
		}
	})
}

func TestEveryWordMeansOnePage(t *testing.T) {
	owner := map[string]string{}
	for _, p := range Open(catalogue(t)).Pages() {
		for _, name := range p.names() {
			if before, taken := owner[plain(name)]; taken {
				require.Equal(t, before, p.Name, "%q", name)
			}
			owner[plain(name)] = p.Name
		}
		for _, word := range p.Also {
			require.NotEqual(t, plain(p.Name), plain(word), "%q is found without being said", word)
		}
	}
}

func TestNamesAreFoundHoweverTheyAreTyped(t *testing.T) {
	pace.Fast(t)
	b := Open(catalogue(t))
	for typed, want := range map[string]string{
		"pivot_root": "pivot_root", "pivot-root": "pivot_root", "PIVOT_ROOT": "pivot_root", "pivot_root(2)": "pivot_root", "pivot": "pivot_root",
		"CLONE_NEWPID": "PID namespace", "mnt": "mount namespace", "pid": "PID namespace", "pids": "pids", "pid-ns": "PID namespace",
		"--memory": "memory", "--memory=64m": "memory", "-m": "memory", "-t": "terminal", "--cap-add": "capability",
		"namespaces": "namespace", "zombies": "zombie", "capabilities": "capability", "whiteouts": "whiteout", "registries": "registry",
		"PID 1": "PID 1", "pid1": "PID 1", "mount propagation": "mount propagation", "137": "exit code", "/proc": "procfs", "/etc/hosts": "files",
		"runc": "docker", "volumes": "volume", "proc": "procfs", "images": "image", "processes": "process", "bridges": "bridge", "control groups": "cgroup",
		"opaque directories": "opaque directory", "seccomp": "seccomp", "mkdir": "mkdirat", "SIGKILL": "signal",
	} {
		page, found := b.Find(typed)
		require.True(t, found, typed)
		require.Equal(t, want, page.Name, typed)
	}
	for _, typed := range []string{"", "x", "memroy", "-", "()", "pivot root beer", strings.Repeat("a", 1000), "\xff"} {
		_, found := b.Find(typed)
		require.False(t, found, "%q", typed)
		require.NotEmpty(t, b.Nearest(typed), "%q", typed)
	}
	for typed, want := range map[string]string{"memroy": "memory", "pivotroot2": "pivot_root", "overlayy": "overlay", "capab": "capability", "secomp": "seccomp", "namspace": "namespace"} {
		require.Equal(t, want, b.Nearest(typed)[0], typed)
	}
}

func TestEveryPageFitsTheTerminal(t *testing.T) {
	pace.Fast(t)
	for _, width := range []int{80, 100} {
		each(t, func(t *testing.T, p Page, _ Topic) {
			var out bytes.Buffer
			Text(&out, p, explain.NewStyle(false), width, "v2")
			fits(t, out.String(), width)
			require.NotContains(t, out.String(), "\x1b")
			for _, part := range append(p.See, "Why", "By hand", "With tutor", "Read", "See also") {
				require.Contains(t, strings.Join(strings.Fields(out.String()), " "), part)
			}
		})
		var out bytes.Buffer
		List(&out, Open(catalogue(t)), explain.NewStyle(false), width)
		fits(t, out.String(), width)
	}
}

func fits(t *testing.T, text string, width int) {
	t.Helper()
	for _, line := range strings.Split(text, "\n") {
		require.LessOrEqual(t, explain.Columns(line), width, line)
		require.Equal(t, strings.TrimRight(line, " "), line, "a space at the end")
	}
}

func TestHeadingsAreBoldWithColour(t *testing.T) {
	page, _ := Open(catalogue(t)).Find("zombie")
	var out bytes.Buffer
	Text(&out, page, explain.NewStyle(true), 80, "v2")
	require.Regexp(t, "\x1b\\[1;?[0-9;]*mzombie\x1b", out.String())
}

func TestTheListNamesEveryPage(t *testing.T) {
	pace.Fast(t)
	b := Open(catalogue(t))
	listed := map[string]bool{}
	for _, section := range b.Sections() {
		require.NotEmpty(t, section.Names, section.Title)
		for _, name := range section.Names {
			page, found := b.Find(name)
			require.True(t, found, name)
			listed[page.Name] = true
		}
	}
	for _, p := range b.Pages() {
		require.True(t, listed[p.Name], p.Name)
	}
}
