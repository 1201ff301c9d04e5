package main_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"tutor/runtime/pace"

	"github.com/stretchr/testify/require"
)

// Where each command takes a name, with N in its place. None of these names is anything's: each line must fail, say
// one line and one of help, and leave everything as it was.
var namePlaces = []struct {
	line   string
	status int
}{
	{"attach -- N", 1},
	{"commit -- N", 1},
	{"cp -- N:/etc .", 1},
	{"cp -- /etc/hostname N:/", 1},
	{"create -- N", 125},
	{"create --volumes-from N tutor/lab", 125},
	{"diff -- N", 1},
	{"exec -- N true", 1},
	{"explain -- N", 1},
	{"export -- N", 1},
	{"grade -- N", 2},
	{"history -- N", 1},
	{"image inspect -- N", 1},
	{"import -- N", 1},
	{"inspect -- N", 1},
	{"kill -- N", 1},
	{"lab start -- N", 1},
	{"load -i N", 1},
	{"logs -- N", 1},
	{"network connect -- bridge N", 1},
	{"network connect -- N box", 1},
	{"network disconnect -- bridge N", 1},
	{"network disconnect -- N box", 1},
	{"network inspect -- N", 1},
	{"network rm -- N", 1},
	{"pause -- N", 1},
	{"port -- N", 1},
	{"pull -- N", 1},
	{"push -- N", 1},
	{"rename -- N other", 1},
	{"restart -- N", 1},
	{"rm -- N", 1},
	{"rmi -- N", 1},
	{"run -- N", 125},
	{"run --network N tutor/lab", 125},
	{"run --network container:N tutor/lab", 125},
	{"save -- N", 1},
	{"start -- N", 1},
	{"start -a -- N", 1},
	{"stats --no-stream -- N", 1},
	{"stop -- N", 1},
	{"tag -- N x", 1},
	{"top N", 1},
	{"unpause -- N", 1},
	{"update -m 64m -- N", 1},
	{"volume inspect -- N", 1},
	{"volume rm -- N", 1},
	{"wait -- N", 1},
}

// Where a name is given, any good one will do: only the hostile ones must fail.
var newNames = []struct {
	line   string
	status int
}{
	{"create --name N tutor/lab", 125},
	{"network create -- N", 1},
	{"rename -- box N", 1},
	{"run -v N:/x tutor/lab true", 125},
	{"tag -- tutor/lab N", 1},
	{"volume create -- N", 1},
}

// Those that take no name, and must not pretend: the name is one argument too many.
var nameless = strings.Split("container ls,container prune,doctor,image prune,info,network ls,network prune,ps,registry prune,registry serve,system df,system info,system prune,version,volume ls,volume prune", ",")

// Those that are not here: what is typed is a pattern, a file, or a server (login_test.go).
var namesElsewhere = strings.Split("image ls,completion bash,completion fish,completion powershell,completion zsh,help,images,lab reset,login,logout", ",")

var badNames = map[string]string{
	"missing":            "nosuch",
	"empty":              "",
	"a path upwards":     "../x",
	"an absolute path":   "/nosuch/etc",
	"two lines":          "a\nb",
	"300 characters":     strings.Repeat("x", 300),
	"an escape sequence": "a\x1b]0;title\x07b",
	"no UTF-8":           "a\xff\xfe",
	"a pattern":          "*?",
	"a space":            "a b",
	"an option":          "--",
}

func TestBadNames(t *testing.T) {
	pace.Fast(t)
	root(t)
	removed(t, "box")
	t.Setenv("TUTOR_REGISTRY_MIRRORS", "http://127.0.0.1:1")
	ok(t, "run", "--name", "box", "tutor/lab", "true") // the first one makes the network
	badNames := maps.Clone(badNames)
	badNames["the beginning of two"] = twin(t, "box")
	before := listing(t, home)
	for what, name := range badNames {
		t.Run(what, func(t *testing.T) {
			for _, place := range namePlaces {
				failsCleanly(t, place.status, typedWith(place.line, name)...)
			}
			for _, place := range newNames {
				if what == "the beginning of two" {
					continue // as the name of something new it is as good as any
				}
				optional := name == "" && (strings.Contains(place.line, "--name") || strings.HasPrefix(place.line, "volume create"))
				if name != "nosuch" && !optional && !(place.line[0] == 'r' && strings.Contains(name, "/")) {
					failsCleanly(t, place.status, typedWith(place.line, name)...)
				}
			}
			require.Equal(t, before, listing(t, home), "something was changed")
		})
	}
	for _, command := range nameless {
		failsCleanly(t, 1, append(strings.Fields(command), "--", "nosuch")...)
	}
	require.Equal(t, before, listing(t, home), "something was changed")
}

// twin makes a second container whose ID begins as that of name does, and returns the beginning.
func twin(t *testing.T, name string) string {
	t.Helper()
	id := strings.TrimSpace(ok(t, "inspect", "-f", "{{.Id}}", name))
	other := id[:12] + strings.Repeat("0", 52)
	dir := filepath.Join(home, "root", "containers")
	state, err := os.ReadFile(filepath.Join(dir, id, "state.json"))
	require.NoError(t, err)
	require.NoError(t, os.Mkdir(filepath.Join(dir, other), 0o710))
	t.Cleanup(func() { os.RemoveAll(filepath.Join(dir, other)) })
	text := strings.ReplaceAll(strings.ReplaceAll(string(state), id, other), `"`+name+`"`, `"`+name+`2"`)
	require.NoError(t, os.WriteFile(filepath.Join(dir, other, "state.json"), []byte(text), 0o600))
	return id[:12]
}

func typedWith(line, name string) (args []string) {
	for _, word := range strings.Fields(line) {
		args = append(args, regexp.MustCompile(`\bN\b`).ReplaceAllLiteralString(word, name))
	}
	return args
}

// failsCleanly is a command line that ends with status, and says one line and one of help that any terminal can take.
func failsCleanly(t *testing.T, status int, args ...string) {
	t.Helper()
	r := tutor(t, args...)
	require.Equal(t, status, r.code, "%q\n%s%s", args, r.stdout, r.stderr)
	require.Regexp(t, `^(\[\]\n|Using default tag: latest\n|The push refers to repository .*\n)?$`, r.stdout, "%q", args)
	require.Regexp(t, `^(Unable to find image '.*' locally\n)?(Using default tag: latest\n)?tutor: .+\ntutor: hint: .+\n$`, r.stderr, "%q", args)
	require.Less(t, len(r.stderr), 3000, "%q", args)
	require.Equal(t, -1, strings.IndexFunc(r.stderr, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }), "%q: %q", args, r.stderr)
	require.NotContains(t, r.stderr, "goroutine ", "%q", args)
}

// Every command that there is stands in one of the tables above.
func TestEveryCommandIsTriedWithBadNames(t *testing.T) {
	pace.Fast(t)
	var known strings.Builder
	for _, place := range append(namePlaces, newNames...) {
		known.WriteString("\n" + place.line + " ")
	}
	for _, command := range append(nameless, namesElsewhere...) {
		known.WriteString("\n" + command + " ")
	}
	for _, command := range commands(t) {
		has := func(what string) bool { return strings.Contains(known.String(), "\n"+what+" ") }
		_, twin, _ := strings.Cut(command, " ") // Docker's other way to say it: container stop, image pull
		require.True(t, has(command) || has(twin), "%s: no table has it", command)
	}
}

var listed = regexp.MustCompile(`(?m)^  ([a-z-]+) {2,}[A-Z]`)

// commands are those that do something, with what they stand below, as the help lists them.
func commands(t *testing.T, above ...string) (found []string) {
	t.Helper()
	help := ok(t, append(above, "--help")...)
	if heading := strings.Index(help, "\nAvailable Commands:"); len(above) > 0 && heading < 0 {
		return []string{strings.Join(above, " ")}
	}
	_, list, _ := strings.Cut(help, "ommands:\n")
	if len(above) == 0 {
		_, list, _ = strings.Cut(help, "Containers:\n")
	}
	list, _, _ = strings.Cut(list, "\nFlags:")
	for _, m := range listed.FindAllStringSubmatch(list, -1) {
		found = append(found, commands(t, append(above[:len(above):len(above)], m[1])...)...)
	}
	require.NotEmpty(t, found, "%q", above)
	return found
}

func TestFlagsThatAreNotThere(t *testing.T) {
	pace.Fast(t)
	for _, command := range commands(t) {
		r := tutor(t, append(strings.Fields(command), "--nosuch")...)
		if strings.HasPrefix(command, "help") || command == "explain" {
			continue // what follows is a word there
		}
		require.NotZero(t, r.code, command)
		require.Equal(t, "tutor: unknown flag: --nosuch\ntutor: hint: tutor "+command+" --help\n", r.stderr)
	}
}
