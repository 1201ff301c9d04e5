package main_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// One script, typed to docker and to tutor: the exit codes and what they print are the same, but for IDs, times
// and the words of an error (that there is one, on standard error, is the same).
var lifeScript = []string{
	"create --name one lab sh -c 'echo out; echo err >&2; exit 3'",
	"ps -q",
	"ps -a --format '{{.Names}} {{.Status}} {{.Command}}'",
	"start -a one",
	"ps -a --format '{{.Names}} {{.State}}'",
	"wait one",
	"logs one",
	"logs --tail 0 one", // two streams have no order between them
	"inspect -f '{{.State.ExitCode}} {{.State.Status}} {{.State.Running}} {{.Name}}' one",
	"inspect nosuch",
	"rename one uno",
	"rename nosuch x2",
	"start one",
	"start uno",
	"rm one",
	"wait uno",
	"rm uno",
	"rm uno",
	"run --name two -d lab sleep 1000",
	"run --name two lab true",
	"ps --format '{{.Names}}'",
	"ps -aq --filter status=exited",
	"ps --filter name=tw --format '{{.Names}}'",
	"ps --filter foo=bar",
	"exec two echo inside",
	"exec -w /etc two pwd",
	"exec -e A=b two sh -c 'echo $A'",
	"exec -u 1000 two id -u",
	"exec two sh -c 'exit 9'",
	"exec nosuch true",
	"pause two",
	"ps --format '{{.State}}'",
	"pause two",
	"exec two true",
	"rename two two",
	"unpause two",
	"unpause two",
	"attach nosuch",
	"rm two",
	"kill -s NOSUCH two",
	"kill -s TERM two",
	"stop -t 0 two",
	"wait two",
	"kill two",
	"exec two true",
	"restart -t 0 two",
	"ps --format '{{.Names}} {{.State}}'",
	"rm -f two",
	"rm -f nosuch",
	"stop nosuch",
	"run --rm lab sh -c 'echo a; echo b >&2; exit 5'",
	"run --rm lab nonesuch",
	"run --rm lab /etc",
	"run --rm -i lab cat",
	"run --rm -w /tmp lab pwd",
	"run --rm -e X=1 lab sh -c 'echo $X'",
	"run --rm --entrypoint echo lab from entrypoint",
	"run --rm -u 1000:1000 lab id -u",
	"run --rm --hostname box lab hostname",
	"run --rm -v /tmp:/mnt:ro lab sh -c 'touch /mnt/x || echo read-only'",
	"run --rm --read-only lab sh -c 'touch /x || echo read-only'",
	"run --rm --bad-flag lab true",
	"container prune -f",
	"ps -a -q",
}

func TestTheSameScriptWithDockerAndWithTutor(t *testing.T) {
	root(t)
	docker := dockerd(t)
	stopped(t, "probe", "tutor/lab", "true")
	probe, err := testHome().Find("probe")
	require.NoError(t, err)
	layer := filepath.Join(home, "root", "layers", probe.Layers[0])
	lab := exec.Command("sh", "-c", `tar -C "$1" -c . | docker import -c 'ENV PATH=/bin' -c 'CMD ["sh"]' - lab`, "sh", layer)
	lab.Env = docker
	require.Zero(t, command(t, lab).code)
	ok(t, "tag", "tutor/lab", "lab")
	ok(t, "rm", "probe")
	t.Cleanup(func() { tutor(t, "rmi", "-f", "lab") })
	for _, line := range lifeScript {
		t.Run(line, func(t *testing.T) {
			theirs := exec.Command("sh", "-c", "exec timeout 30 docker "+strings.Replace(line, "run ", "run --network none ", 1))
			theirs.Env, theirs.Stdin = docker, strings.NewReader("typed")
			if !strings.HasPrefix(line, "run ") {
				theirs = exec.Command("sh", "-c", "exec timeout 30 docker "+line)
				theirs.Env = docker
			}
			ours := exec.Command("sh", "-c", "exec timeout 30 "+binary+" "+line)
			ours.Stdin = strings.NewReader("typed")
			want, got := command(t, theirs), command(t, ours)
			require.Equal(t, want.code, got.code, "docker: %s%s\ntutor: %s%s", want.stdout, want.stderr, got.stdout, got.stderr)
			require.Equal(t, normal(want.stdout), normal(got.stdout), "docker: %s\ntutor: %s", want.stderr, got.stderr)
			require.Equal(t, want.stderr != "", got.stderr != "", "docker: %s\ntutor: %s", want.stderr, got.stderr)
		})
	}
}

var ids = regexp.MustCompile(`\b[0-9a-f]{12}([0-9a-f]{52})?\b`)

var spaces = regexp.MustCompile(`(Total reclaimed space: ).*`)

func normal(text string) string {
	return spaces.ReplaceAllString(ids.ReplaceAllString(text, "ID"), "$1…")
}
