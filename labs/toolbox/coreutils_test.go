package toolbox

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// playground makes the files that the comparisons below look at.
func playground(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{
		"fruit":        "pear\napple\nfig\napple\nApple\n",
		"numbers":      "10\n9\n2\n-3\n0x1\n1.5\n\n",
		"table":        "b:2:x y\na:10:z\nc:1:\nplain\n",
		"words":        "one  two\tthree\n  four five\nsix",
		"empty":        "",
		"sub/deep/one": "1\n",
		"sub/two.txt":  "two\n",
		"sub/.hidden":  "h\n",
		"with space":   "s\n",
	} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
	}
	require.NoError(t, os.Symlink("fruit", filepath.Join(dir, "link")))
	require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "dangling")))
	require.NoError(t, os.Chmod(filepath.Join(dir, "sub/two.txt"), 0o4750))
	long := strings.Repeat("line\n", 1000)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "long"), []byte(long), 0o600))
	return dir
}

// sameAsHost are command lines whose output and exit code are those of the host's tools, byte for byte. A leading
// "<" feeds the file "fruit" to standard input.
var sameAsHost = []string{
	"ls -1", "ls", "ls -a", "ls -A sub", "ls -d sub fruit", "ls -R sub", "ls -r", "ls -S", "ls sub fruit",
	"cat fruit words", "cat -n fruit", "<cat - words",
	"head fruit", "head -n2 fruit words", "head -c 7 fruit", "head -3 long", "head -n -2 fruit", "<head -n 1",
	"tail fruit", "tail -n 2 fruit words", "tail -n +3 fruit", "tail -c 5 words", "tail -1 words", "<tail -n 2", "tail -n 0 fruit",
	"wc fruit", "wc -l fruit words", "wc -c long", "wc -w words", "<wc", "<wc -l", "wc fruit words long",
	"grep a fruit", "grep -i apple fruit", "grep -v a fruit", "grep -n fig fruit words", "grep -c a fruit words", "grep -q pear fruit",
	"grep nothing fruit", "grep -E p{2} fruit", "grep p\\{2\\} fruit", "grep -o p.. fruit", "grep -w app fruit", "grep -F a.p fruit",
	"grep -l a fruit words empty", "<grep -n a", "grep ^[[:upper:]] fruit", "grep -rh two sub", "grep -e fig -e pear fruit", "grep -ho ap* fruit",
	"sort fruit", "sort -r fruit", "sort -u fruit", "sort -n numbers", "sort -t: -k2n table", "sort -t: -k2,2 table", "sort -k2 words", "sort -f fruit", "sort -rn numbers", "sort -t: -k1.1,1.1r table",
	"uniq fruit", "uniq -c fruit", "uniq -i fruit", "<uniq -d", "uniq -u fruit",
	"cut -d: -f1 table", "cut -d: -f2- table", "cut -d: -s -f1,3 table", "cut -c2-3 fruit", "cut -b -2 fruit",
	"<tr a-z A-Z", "<tr -d ae", "<tr -s p", "<tr [:lower:] [:upper:]", "<tr -cd [:alpha:]", "<tr a\\n b_", "<tr -cs A-Za-z .",
	"seq 5", "seq 2 5", "seq 10 -3 0", "seq 0 0.5 2", "seq -w 8 11", "seq -s , 3", "seq 5 1",
	"stat -c %n:%s:%a:%A:%u:%g:%h:%F fruit sub sub/two.txt", "stat -c %U-%G-%i-%Y-%t-%T fruit", "stat -c %F:%A link dangling empty", "stat -c %t:%T:%F /dev/null", "stat -L -c %s link",
	"readlink link", "readlink -f link", "readlink -f sub/../link", "readlink fruit", "readlink -f missing", "readlink -f no/such/dir",
	"date -u -d @0", "date -u -d @1700000000 +%Y-%m-%dT%H:%M:%S.%j.%u.%a.%b.%e.%s.%%", "date -u -d @1000000000 +%F_%T_%Z_%z_%I_%p_%V_%U_%W_%G_%y_%C_%D_%R_%k_%l_%-d",
	"date -u -d 2024-02-29 +%A_%B_%d", "date -u -R -d @86400",
	"printf %s-%5d|%-5s|%05.1f|%x|%o|%c|%%\\n a 42 b 3.14159 255 8 xyz", "printf %d\\n 1 2 3", "printf \\x41\\101\\t\\\\n\\n", "printf %b a\\tb\\n", "printf %i_%u\\n 0x10 010", "printf hello", "printf %s", "printf %5s|%.2s\\n abc abc", "printf %d\\n 'a", "printf %*d\\n 5 42", "printf %s\\n",
	"test -f fruit", "test -d fruit", "test -e missing", "test -L link", "test -s empty", "test 3 -lt 10", "test b = b", "test -n", "test -z", "test", "test !", "test ! -f fruit", "test -f fruit -a -d sub", "test -f missing -o -d sub", "test ( a = b ) -o c = c", "test a != a", "test sub -nt missing", "test -x fruit", "test -h dangling", "test fruit -ef link", "test -f = -f", "[ -f fruit ]",
	"basename /a/b.txt .txt", "basename /", "basename a/", "dirname /a/b", "dirname a", "dirname /a", "dirname a/b/", "dirname /",
	"sha256sum fruit words", "<sha256sum", "cmp fruit words", "cmp fruit link", "cmp -s fruit words", "cmp fruit empty",
	"echo a  b", "true", "false", "uname", "uname -a", "uname -snrm", "id", "id -u", "id -un", "id -G", "id -gn", "id daemon", "whoami", "nproc", "hostname", "tty",
	"<xargs", "<xargs -n2 echo x", "<xargs -I{} echo [{}]", "xargs echo none", "<xargs false",
	"env -i A=1 B=2", "env -i", "pwd -P", "<dd bs=4 count=2 status=none", "<dd bs=2 skip=2 status=none",
}

func TestOutputIsThatOfTheHostsTools(t *testing.T) {
	dir := playground(t)
	for _, line := range sameAsHost {
		t.Run(line, func(t *testing.T) {
			words, stdin := strings.Fields(line), ""
			if strings.HasPrefix(line, "<") {
				words[0] = words[0][1:]
				content, err := os.ReadFile(filepath.Join(dir, "fruit"))
				require.NoError(t, err)
				stdin = string(content)
			}
			hosts, err := exec.LookPath(words[0])
			if err != nil {
				t.Skip("this host has no", words[0])
			}
			ours := command(t, dir, words...)
			theirs := exec.Command(hosts, words[1:]...)
			theirs.Dir, theirs.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
			want, got := finish(t, theirs, stdin), finish(t, ours, stdin)
			require.Equal(t, want.out, got.out)
			require.Equal(t, want.code, got.code, "exit code; we said %q, they said %q", got.err, want.err)
		})
	}
}

// sameSorted are compared line by line in any order: find is free to choose its own.
var sameSorted = []string{
	"find", "find . -name *.txt", "find . -type f", "find . -type l", "find sub -maxdepth 1", "find . -mindepth 2", "find . -empty",
	"find . -name one -o -name two.txt", "find . ! -name *u* -type f", "find . -perm 4750", "find . -perm -4000", "find . -size +1k", "find . -size -1k",
	"find . ( -name fruit -o -name words ) -print", "find . -iname FRUIT", "find . -path */deep/*", "find . -newer fruit -type d -name nothing",
	"find . -name sub -prune -o -type f -print", "find sub -type f -exec wc -c {} ;", "find sub -type f -exec echo {} +", "find missing",
	"ls -1i", "grep -r e sub", "grep -rc two sub",
}

func TestOutputIsThatOfTheHostsToolsInAnyOrder(t *testing.T) {
	dir := playground(t)
	for _, line := range sameSorted {
		t.Run(line, func(t *testing.T) {
			words := strings.Fields(line)
			theirs := exec.Command(words[0], words[1:]...)
			theirs.Dir, theirs.Env = dir, []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C"}
			want, got := finish(t, theirs, ""), run(t, dir, "", words...)
			require.Equal(t, sortedLines(want.out), sortedLines(got.out))
			require.Equal(t, want.code, got.code, got.err)
		})
	}
}

func sortedLines(text string) []string {
	lines := strings.Split(text, "\n")
	for i, line := range lines { // find … + passes names in its own order
		words := strings.Fields(line)
		slices.Sort(words)
		lines[i] = strings.Join(words, " ")
	}
	slices.Sort(lines)
	return lines
}

func TestLongListingHasTheHostsCells(t *testing.T) {
	dir := playground(t)
	for _, flags := range []string{"-la", "-ln", "-lh", "-lid"} {
		theirs := exec.Command("ls", flags, dir, "/dev/null")
		theirs.Env = []string{"LC_ALL=C", "TZ=UTC", "PATH=" + os.Getenv("PATH")}
		want, got := finish(t, theirs, ""), run(t, dir, "", "ls", flags, dir, "/dev/null")
		require.Equal(t, squeeze(want.out), squeeze(got.out), flags)
	}
}

// squeeze makes every run of blanks one blank: widths of columns are not what is compared.
func squeeze(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

func TestErrorsNameTheFileAndUsageErrorsAreTwo(t *testing.T) {
	dir := playground(t)
	for line, want := range map[string]result{
		"cat missing fruit": {"pear\napple\nfig\napple\nApple\n", "cat: missing: No such file or directory\n", 1},
		"cat sub":           {"", "cat: sub: Is a directory\n", 1},
		"rm sub":            {"", "rm: sub: Is a directory\n", 1},
		"mkdir sub":         {"", "mkdir: sub: File exists\n", 1},
		"rmdir sub":         {"", "rmdir: sub: Directory not empty\n", 1},
		"cp sub elsewhere":  {"", "cp: -r not specified; omitting directory sub\n", 1},
		"kill 999999999":    {"", "kill: (999999999): No such process\n", 1},
		"ls missing":        {"", "ls: missing: No such file or directory\n", 2},
		"cat --nope":        {"", "cat: unknown option --nope\nusage: cat [-n] [FILE...]\n", 2},
		"env nonesuch":      {"", "env: nonesuch: not found\n", 127},
		"xargs nonesuch":    {"", "xargs: nonesuch: not found\n", 127},
		"mv missing other":  {"", "mv: missing: No such file or directory\n", 1},
	} {
		require.Equal(t, want, run(t, dir, "", strings.Fields(line)...), line)
	}
}

func TestHelpPrintsTheUsageLine(t *testing.T) {
	for _, a := range applets {
		if a.name == "test" || a.name == "[" {
			continue
		}
		got := run(t, t.TempDir(), "", a.name, "--help")
		require.Equal(t, result{strings.TrimSpace("usage: "+a.name+" "+a.use) + "\n", "", 0}, got)
	}
	require.True(t, slices.IsSortedFunc(applets, func(a, b applet) int { return strings.Compare(a.name, b.name) }), "the table is sorted")
}
