package main_test

import (
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every flag that docker has for these, tutor has, or says why not, and what to do instead.
func TestEveryFlagOfDockersIsKnown(t *testing.T) {
	root(t)
	tool(t, "docker")
	for _, command := range []string{"network create", "update", "logs"} {
		help, err := exec.Command("docker", append(strings.Fields(command), "--help")...).CombinedOutput()
		require.NoError(t, err)
		flags := regexp.MustCompile(`(?m)^ +(?:-\w, )?--([a-z0-9-]+)( \w+)?`).FindAllStringSubmatch(string(help), -1)
		require.NotEmpty(t, flags)
		for _, flag := range flags {
			args := append(strings.Fields(command), "--"+flag[1])
			if flag[2] != "" {
				args = append(args, "1")
			}
			r := tutor(t, args...) // and no name: at the latest that is an error
			require.NotContains(t, r.stderr, "unknown flag", "%q", args)
		}
	}
}

func TestWhatIsNotHereSaysWhatIs(t *testing.T) {
	root(t)
	for line, says := range map[string]string{
		"network create --ip-range 10.5.0.0/25 lab":                                     "--ip-range is not supported: ",
		"network create -o a=b lab":                                                     "--opt is not supported: ",
		"network create --ipv4=false lab":                                               "--ipv4=false is not supported: ",
		"update --restart always web":                                                   "--restart is not supported: ",
		"container update --memory-reservation 4m web":                                  "--memory-reservation is not supported: ",
		"logs --details web":                                                            "--details is not supported: ",
		"run --restart always tutor/lab true":                                           "--restart is not supported: ",
		"create --privileged tutor/lab true":                                            "--privileged is not supported: ",
		"create tutor/lab true --explain":                                               "--explain is not supported: ",
		"run -v /tmp:/x:rshared tutor/lab true":                                         "mode rshared is not supported: ",
		"run --mount type=bind,src=/tmp,dst=/x,bind-propagation=rshared tutor/lab true": ".*: bind-propagation=rshared is not supported: ",
		"run --mount type=bind,src=/tmp,dst=/x,bind-nonrecursive tutor/lab true":        ".*: bind-nonrecursive is not supported: ",
		"run --mount src=data,dst=/x,volume-subpath=a tutor/lab true":                   ".*: volume-subpath=a is not supported: ",
		"run --mount src=data,dst=/x,volume-opt=type=nfs tutor/lab true":                "create data: a volume that is a mount is not supported: type=nfs",
	} {
		r := tutor(t, strings.Fields(line)...)
		require.NotZero(t, r.code, line)
		require.Regexp(t, "^tutor: "+says+".*\ntutor: hint: .+\n$", r.stderr, line)
	}
	ok(t, "run", "--rm", "--privileged=false", "--mount", "type=bind,src=/tmp,dst=/x,bind-propagation=rprivate,consistency=cached", "-v", "/tmp:/y:ro,delegated,private", "tutor/lab", "true")
}
