package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Docker's smaller flags of run: what the command sees of them.
func TestWhatAContainerSharesAndIsGiven(t *testing.T) {
	root(t)
	dir := t.TempDir()
	labels := filepath.Join(dir, "labels")
	require.NoError(t, os.WriteFile(labels, []byte("# of a course\ncourse=1\nweek=2\n"), 0o644))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "shelf"), 0o755))
	ns := func(kind string) string {
		link, err := os.Readlink("/proc/self/ns/" + kind)
		require.NoError(t, err)
		return link
	}
	removed(t, "donor")
	ok(t, "run", "--name", "donor", "-v", "/books", "-v", filepath.Join(dir, "shelf")+":/shelf", "tutor/lab", "touch", "/books/one", "/shelf/two")
	t.Cleanup(func() { tutor(t, "rm", "-f", "-v", "donor") })
	for line, want := range map[string]string{
		"--pid host | readlink /proc/self/ns/pid":                                                                ns("pid"),
		"--uts host | readlink /proc/self/ns/uts":                                                                ns("uts"),
		"--cgroupns host | readlink /proc/self/ns/cgroup":                                                        ns("cgroup"),
		"--shm-size 1m | grep /dev/shm /proc/self/mountinfo":                                                     "size=1024k",
		"--group-add 4711 --group-add student -u 1000 | grep Groups /proc/1/status":                              "4711",
		"--sysctl net.ipv4.ip_forward=1 | cat /proc/sys/net/ipv4/ip_forward":                                     "1",
		"--sysctl kernel.shmmax=8192 | cat /proc/sys/kernel/shmmax":                                              "8192",
		"--volumes-from donor | ls /books /shelf":                                                                "one",
		"--volumes-from donor:ro | touch /books/x /shelf/x || echo read-only":                                    "read-only",
		"--cpu-quota 50000 --cpu-period 100000 | cat /sys/fs/cgroup/cpu.max /sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000",
		"--pull never -q | echo here":                                                                            "here",
		"--no-healthcheck --userns host | id -u":                                                                 "0",
	} {
		t.Run(line, func(t *testing.T) {
			flags, command, _ := strings.Cut(line, " | ")
			r := tutor(t, append(append([]string{"run", "--rm"}, strings.Fields(flags)...), "tutor/lab", "sh", "-c", command)...)
			require.Contains(t, r.stdout, want, r.stderr)
		})
	}
	hostname, err := os.Hostname()
	require.NoError(t, err)
	require.Equal(t, hostname+"\n", ok(t, "run", "--rm", "--uts", "host", "tutor/lab", "hostname"))
	removed(t, "labelled")
	ok(t, "create", "--name", "labelled", "--expose", "80", "--expose", "81/udp", "--label-file", labels, "-l", "week=other", "tutor/lab", "true")
	require.Equal(t, "80/tcp 81/udp 1 other\n", ok(t, "inspect", "-f", "{{range $port, $_ := .Config.ExposedPorts}}{{$port}} {{end}}{{.Config.Labels.course}} {{.Config.Labels.week}}", "labelled"))
}

// Every flag that docker's run has, tutor's has, or says why not: in one line, and what to do instead.
func TestEveryFlagOfDockersRunIsKnown(t *testing.T) {
	root(t)
	noneStays(t) // create creates
	tool(t, "docker")
	t.Chdir(t.TempDir()) // --cidfile makes a file
	help, err := exec.Command("docker", "run", "--help").CombinedOutput()
	require.NoError(t, err)
	flags := regexp.MustCompile(`(?m)^ +(?:-\w, )?--([a-z0-9-]+)( \w+)?`).FindAllStringSubmatch(string(help), -1)
	require.Greater(t, len(flags), 90)
	for _, flag := range flags {
		for _, command := range []string{"run", "create"} {
			args := []string{command, "--" + flag[1]}
			if flag[2] != "" {
				args = append(args, "1")
			}
			if command == "run" {
				args = append(args, "--print-spec")
			}
			r := tutor(t, append(args, "--lab", "1", "true")...)
			require.NotContains(t, r.stderr, "unknown flag", "%q", args)
			if strings.Contains(r.stderr, "is not supported") {
				require.Equal(t, 125, r.code)
				require.Regexp(t, `^tutor: --`+flag[1]+` is not supported: .+\ntutor: hint: .+\n$`, r.stderr)
			}
		}
	}
}

func TestWhatIsTheHostsIsNotChanged(t *testing.T) {
	root(t)
	for _, flags := range []string{
		"--sysctl kernel.core_pattern=x", "--sysctl kernel.hostname=x", "--sysctl vm.swappiness=1", "--sysctl net/../kernel/core_pattern=x", "--sysctl net..ipv4=1",
		"--sysctl net.ipv4.ip_forward", "--network host --sysctl net.ipv4.ip_forward=1", "--uts host --hostname other", "--pid container:x", "--userns other", "--ipc host", "--pull sometimes",
		"--platform linux/s390x", "--group-add nosuch", "--shm-size much", "--expose x", "--cpu-period 5", "--cpus 1 --cpu-quota 5000", "--volumes-from nosuch", "--volumes-from a:exec", "--label-file /nosuch", "--privileged",
	} {
		r := tutor(t, append(append([]string{"run", "--rm"}, strings.Fields(flags)...), "tutor/lab", "true")...)
		require.Equal(t, 125, r.code, flags)
		require.Regexp(t, `^tutor: .+\n(tutor: hint: .+\n)?$`, r.stderr, flags)
	}
	r := tutor(t, "run", "--rm", "--sysctl", "net.ipv4.ip_forward=1\nkernel.core_pattern=x", "tutor/lab", "true")
	require.Equal(t, 125, r.code, "CVE-2022-0811")
}
