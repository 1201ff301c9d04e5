package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/docker/go-units"
	"github.com/stretchr/testify/require"
)

func TestInfoSaysWhatThisMachineIs(t *testing.T) {
	root(t)
	stopped(t, "one", "tutor/lab", "true")
	running(t, "two", "touch /ready; sleep 1000")
	cmd := tutorCommand("info", "--format", "json")
	cmd.Env = append(os.Environ(), "TUTOR_REGISTRY_MIRRORS=https://mirror.example")
	r := command(t, cmd)
	require.Zero(t, r.code, r.stderr)
	var info struct {
		Containers, ContainersRunning, ContainersPaused, ContainersStopped, Images, NCPU int
		KernelVersion, Name, CgroupVersion, DockerRootDir, Driver, Architecture, OSType  string
		MemTotal                                                                         int64
		MemoryLimit                                                                      bool
		RegistryConfig                                                                   struct{ Mirrors []string }
	}
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &info))
	require.Equal(t, info.Containers, info.ContainersRunning+info.ContainersPaused+info.ContainersStopped)
	require.GreaterOrEqual(t, info.ContainersRunning, 1)
	require.GreaterOrEqual(t, info.ContainersStopped, 1)
	require.GreaterOrEqual(t, info.Images, 1)
	for flag, said := range map[string]string{"-r": info.KernelVersion, "-n": info.Name, "-m": info.Architecture} {
		out, err := exec.Command("uname", flag).Output()
		require.NoError(t, err)
		require.Equal(t, strings.TrimSpace(string(out)), said)
	}
	require.InDelta(t, memTotal(t), float64(info.MemTotal)/(1<<20), 1)
	require.Equal(t, filepath.Join(home, "root"), info.DockerRootDir)
	require.Equal(t, []string{"https://mirror.example"}, info.RegistryConfig.Mirrors)
	require.Contains(t, []string{"1", "2"}, info.CgroupVersion)
	require.True(t, info.MemoryLimit)
	require.Equal(t, ok(t, "info"), ok(t, "system", "info"))
	require.Equal(t, "overlay linux\n", ok(t, "info", "-f", "{{.Driver}} {{.OSType}}"))
}

// Whoever looks for a line of docker's finds it.
func TestInfoHasDockersKeys(t *testing.T) {
	root(t)
	cmd := exec.Command("docker", "info")
	cmd.Env = dockerd(t)
	theirs := command(t, cmd).stdout
	same := map[string]bool{"Cgroup Driver": true, "Cgroup Version": true, "Kernel Version": true, "Operating System": true, "OSType": true,
		"Architecture": true, "CPUs": true, "Total Memory": true, "Name": true, "Live Restore Enabled": true}
	for line := range strings.Lines(ok(t, "info")) {
		key, value, found := strings.Cut(strings.TrimSpace(line), ":")
		if !found {
			continue // one of a list
		}
		require.Regexp(t, `(?m)^ +`+key+`:`, theirs)
		if same[key] {
			require.Contains(t, theirs, key+":"+value+"\n")
			delete(same, key)
		}
	}
	require.Empty(t, same)
}

// df measures what du measures.
func TestSystemDf(t *testing.T) {
	root(t)
	stopped(t, "wrote", "tutor/lab", "sh", "-c", "dd if=/dev/zero of=/file bs=1048576 count=5 status=none")
	state, err := testHome().Find("wrote")
	require.NoError(t, err)
	ok(t, "commit", "wrote", "shares:df")
	t.Cleanup(func() { tutor(t, "rmi", "shares:df") })
	ok(t, "run", "--rm", "shares:df", "true") // unpacked
	ok(t, "volume", "create", "measured")
	t.Cleanup(func() { tutor(t, "rm", "-f", "mounts"); tutor(t, "volume", "rm", "-f", "measured") })
	require.NoError(t, os.WriteFile(filepath.Join(home, "root", "volumes", "measured", "_data", "file"), make([]byte, 1<<20), 0o644))
	stopped(t, "mounts", "-v", "measured:/data", "tutor/lab", "true")
	sizes := map[string]string{}
	for line := range strings.Lines(ok(t, "system", "df", "--format", "{{.Type}}|{{.TotalCount}} {{.Active}} {{.Size}}")) {
		kind, rest, _ := strings.Cut(strings.TrimSpace(line), "|")
		sizes[kind] = rest
	}
	size := func(text string) float64 {
		n, err := units.FromHumanSize(text[strings.LastIndex(text, " ")+1:])
		require.NoError(t, err)
		return float64(n)
	}
	require.InDelta(t, du(t, "images/blobs")+du(t, "layers"), size(sizes["Images"]), 50e3, "packed and unpacked, each once")
	require.InDelta(t, 5<<20, du(t, "containers/"+state.ID+"/upper"), 50e3)
	require.GreaterOrEqual(t, size(sizes["Containers"]), du(t, "containers/"+state.ID+"/upper")-5e3)
	require.Regexp(t, "^1 1 1.049MB", sizes["Local Volumes"])
	require.NotContains(t, sizes, "Registry Cache", "there is none")

	details := ok(t, "system", "df", "-v")
	require.Regexp(t, `(?m)^shares +df +[0-9a-f]{12} .* [1-9][\d.]*MB +[1-9][\d.]*MB +[1-9][\d.]*MB +0$`, details, "size, shared, unique, containers")
	require.Regexp(t, `(?m)^[0-9a-f]{12} +tutor/lab +"sh -c dd if=/dev/ze…" +0 +5\.2\d*MB +.*ago +Exited \(0\) .* ago +wrote$`, details)
	require.Regexp(t, `(?m)^[0-9a-f]{12} +tutor/lab +"true" +1 +.* mounts$`, details)
	require.Regexp(t, `(?m)^measured +1 +1.049MB$`, details)
	var all struct{ Images, Containers, Volumes []map[string]string }
	require.NoError(t, json.Unmarshal([]byte(ok(t, "system", "df", "-v", "--format", "json")), &all))
	require.Equal(t, "1.049MB", all.Volumes[0]["Size"])
}

// du is what is below a directory of ours, in bytes on disk, the directory itself left out.
func du(t *testing.T, dir string) float64 {
	t.Helper()
	out, err := exec.Command("du", "-s", "-B1", filepath.Join(home, "root", dir)).Output()
	require.NoError(t, err)
	n, err := units.FromHumanSize(strings.Fields(string(out))[0])
	require.NoError(t, err)
	return float64(n)
}

func TestSystemDfTellsWhatIsLeftOver(t *testing.T) {
	root(t)
	ok(t, "run", "--rm", "tutor/lab", "true")
	require.NoError(t, os.RemoveAll(filepath.Join(home, "root", "images", "tmp"))) // the next pull would go on with what another test has broken off
	for dir, size := range map[string]int{"cache/blobs": 300000, "images/tmp": 200000} {
		dir := filepath.Join(home, "root", dir)
		require.NoError(t, os.MkdirAll(dir, 0o700))
		file := filepath.Join(dir, strings.Repeat("ab", 32))
		require.NoError(t, os.WriteFile(file, make([]byte, size), 0o600))
		t.Cleanup(func() { os.Remove(file) })
	}
	table := ok(t, "system", "df")
	require.Regexp(t, `(?m)^Registry Cache +1 +0 +300kB +300kB \(100%\)$`, table)
	require.Regexp(t, regexp.MustCompile(`(?m)^Unfinished Pulls +1 +0 +20\d\.?\d*kB +20\d\.?\d*kB \(100%\)$`), table)
}

// A container may put a link where a directory was. What the link points to is the host's, and is not counted.
func TestSystemDfFollowsNoLinkOfAContainer(t *testing.T) {
	root(t)
	stopped(t, "links", "tutor/lab", "sh", "-c", "ln -s /usr /link; ln -s / /root2")
	require.Regexp(t, `(?m)"sh -c ln -s /usr /l…" +0 +\d[\d.]*kB `, ok(t, "system", "df", "-v"))
}

// A prune of the system takes what was free only because of the containers that go with it; what has a name and may be
// precious stays.
func TestSystemPruneTakesNetworksAndAnonymousVolumes(t *testing.T) {
	root(t)
	noVolumes(t)
	ok(t, "network", "create", "course")
	stopped(t, "over", "-v", "/anonymous", "-v", "named:/named", "--network", "course", "tutor/lab", "true")
	require.Len(t, strings.Fields(ok(t, "volume", "ls", "-q")), 2)
	out := ok(t, "system", "prune", "-f", "--volumes")
	require.Regexp(t, `(?s)^Deleted Containers:\n[0-9a-f]{64}\n\nDeleted Networks:\ncourse\n\nDeleted Volumes:\n[0-9a-f]{64}\n\n.*Total reclaimed space: `, out)
	require.Equal(t, "named\n", ok(t, "volume", "ls", "-q"))
}
