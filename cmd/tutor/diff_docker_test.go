package main_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Docker itself is asked what changed, and tutor: one image, one script, one answer. Docker's order is another
// each time; tutor's is sorted.
func TestDiffSaysWhatDockerSays(t *testing.T) {
	root(t)
	docker := dockerd(t)
	ok(t, "run", "--rm", "tutor/lab", "true")
	store := filepath.Join(home, "root", "layers")
	stopped(t, "probe", "tutor/lab", "true")
	probe, err := testHome().Find("probe")
	require.NoError(t, err)
	lab := exec.Command("sh", "-c", `tar -C "$1" -c . | docker import - lab`, "sh", filepath.Join(store, probe.Layers[0]))
	lab.Env = docker
	require.Zero(t, command(t, lab).code)
	volume := t.TempDir()
	for name, c := range map[string]struct{ flags, script string }{
		"nothing":                    {"", "true"},
		"add, change, delete":        {"", "echo x > /etc/new; echo y >> /etc/passwd; rm /bin/ls; mkdir -p /d/e; touch /d/e/f; chmod 700 /tmp; chown 5 /home/student"},
		"a directory anew":           {"", "rm -r /var/www; mkdir /var/www; touch /var/www/new"},
		"a directory anew, the same": {"", "cp -r /home /old; rm -r /home; mkdir -p /home/student"},
		"one kind for another":       {"", "rm -r /home; echo x > /home; rm /etc/group; mkdir /etc/group; touch /etc/group/x; rm -r /var; ln -s /etc /var"},
		"come and gone":              {"", "touch /etc/x; rm /etc/x; mkdir /y; rmdir /y; : >> /etc/passwd"},
		"links and names":            {"", "ln -s x /sym; ln /etc/passwd /etc/hard; touch '/new\nline' '/a b'; mv /etc/group /etc/moved"},
		"places for mounts":          {"--init -w /srv/new -v " + volume + ":/data/x --tmpfs /scratch/y", "true"},
		"around what the start made": {"", "touch /etc/x; mkdir /proc2; touch /sys2"},
	} {
		t.Run(name, func(t *testing.T) {
			flags := strings.Fields(c.flags)
			run := exec.Command("docker", append(append([]string{"run", "--name", "xx", "--network", "none"}, flags...), "lab", "sh", "-c", c.script)...)
			run.Env = docker
			ran := command(t, run)
			require.Zero(t, ran.code, ran.stderr)
			diff := exec.Command("docker", "diff", "xx")
			diff.Env = docker
			want := strings.Split(command(t, diff).stdout, "\n")
			remove := exec.Command("docker", "rm", "xx")
			remove.Env = docker
			require.Zero(t, command(t, remove).code)

			stopped(t, "like-docker", append(flags, "tutor/lab", "sh", "-c", c.script)...)
			got := strings.Split(ok(t, "diff", "like-docker"), "\n")
			slices.Sort(want)
			slices.Sort(got)
			require.Equal(t, want, got)
		})
	}
}

// dockerd starts a Docker of our own, without a bridge and without rules, and with a mount table that the host does not see,
// and returns the environment to reach it.
func dockerd(t *testing.T) []string {
	t.Helper()
	return dockerdBy(t, exec.Command, "--bridge=none", "--iptables=false", "--ip6tables=false")
}

// dockerdBy is one whose command line somebody else makes: for a machine of its own.
func dockerdBy(t *testing.T, command func(name string, args ...string) *exec.Cmd, flags ...string) []string {
	t.Helper()
	for _, name := range []string{"dockerd", "docker"} {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("needs %s: apt install docker.io", name)
		}
	}
	dir, err := os.MkdirTemp("", "dockerd-") // the socket's path must be short
	require.NoError(t, err)
	groups, _ := filepath.Glob("/sys/fs/cgroup/*/docker")
	daemon := command("timeout", append([]string{seconds(5 * time.Minute), "dockerd", "--storage-driver", "overlay2", "-H", "unix://" + dir + "/docker.sock", "--data-root", dir + "/root",
		"--exec-root", dir + "/exec", "--pidfile", dir + "/pid"}, flags...)...)
	daemon.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Unshareflags: syscall.CLONE_NEWNS}
	log, err := os.Create(dir + "/log")
	require.NoError(t, err)
	daemon.Stdout, daemon.Stderr = log, log
	require.NoError(t, daemon.Start())
	ended := make(chan struct{})
	go func() { daemon.Wait(); close(ended) }()
	t.Cleanup(func() {
		daemon.Process.Signal(syscall.SIGTERM) // timeout(1) hands it on
		<-ended
		after, _ := filepath.Glob("/sys/fs/cgroup/*/docker")
		for _, group := range after {
			if !slices.Contains(groups, group) {
				os.Remove(group)
			}
		}
		os.RemoveAll(dir)
	})
	env := append(os.Environ(), "DOCKER_HOST=unix://"+dir+"/docker.sock", "HOME="+dir)
	ready := false
	eventually(t, "dockerd answers", func() bool {
		select {
		case <-ended:
			return true
		default:
		}
		info := exec.Command("docker", "info", "--format", "{{.Driver}}")
		info.Env = env
		out, _ := info.Output()
		ready = strings.TrimSpace(string(out)) == "overlay2"
		return ready
	})
	if !ready {
		t.Skip("dockerd does not start here: " + read(dir, "log"))
	}
	return env
}
