package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Whoever attaches a pipe to a terminal inside could not leave it again.
func TestAttachNeedsATerminalForATerminal(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "run", "-dt", "--name", "at", "tutor/lab", "sh", "-c", "while :; do echo word; sleep 0.1; done")
	require.Equal(t, run{stderr: "tutor: the input device is not a TTY\ntutor: hint: --no-stdin shows the output alone\n", code: 1}, piped(t, "timeout -s KILL "+seconds(10*time.Second)+" $T attach at </dev/null"))
	require.Equal(t, "word\r\n", piped(t, "timeout -s KILL "+seconds(3*time.Second)+" $T attach --no-stdin at </dev/null | head -1").stdout)
}

func TestANetworkIsLookedForByAPattern(t *testing.T) {
	root(t)
	ok(t, "network", "create", "nab")
	ok(t, "network", "create", "nabla")
	defer ok(t, "network", "rm", "nab", "nabla")
	require.Equal(t, "nab\n", ok(t, "network", "ls", "--filter", "name=^nab$", "--format", "{{.Name}}"))
	require.Equal(t, "nab\nnabla\n", ok(t, "network", "ls", "--filter", "name=n.b", "--format", "{{.Name}}"))
	require.Empty(t, ok(t, "network", "ls", "--filter", "name=(", "--format", "{{.Name}}"))
}

// host and none are listed, but no cable leads there: who asks for one hears that, and not that it is not there.
func TestNobodyComesToTheHostsNetworkLater(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "network", "create", "lab")
	defer ok(t, "network", "rm", "lab")
	for _, network := range []string{"bridge", "host", "none"} {
		ok(t, "create", "--name", "on-"+network, "--network", network, "tutor/lab", "true")
	}
	host := strings.TrimSpace(ok(t, "network", "ls", "-q", "--filter", "name=host"))
	const never = "container cannot be disconnected from host network or connected to host network\ntutor: hint: "
	const alone = "conflicting options: cannot attach both user-defined and non-user-defined network-modes\ntutor: hint: "
	for line, says := range map[string]string{
		"network connect host on-bridge":                              never,
		"network connect " + host + " on-bridge":                      never,
		"network connect none on-bridge":                              "container cannot be disconnected from none network or connected to none network\ntutor: hint: ",
		"network disconnect host on-host":                             never,
		"network disconnect none on-none":                             "container cannot be disconnected from none network or connected to none network\ntutor: hint: ",
		"network disconnect host on-bridge":                           " is not connected to network host\n",
		"network disconnect none on-bridge":                           " is not connected to network none\n",
		"run --rm --network lab --network host tutor/lab true":        alone,
		"run --rm --network host --network lab tutor/lab true":        alone,
		"run --rm --network lab --network container:x tutor/lab true": alone,
		"network create host":                                         "operation is not permitted on predefined host network\ntutor: hint: ",
		"network create bridge":                                       "operation is not permitted on predefined bridge network\ntutor: hint: ",
		"network create default":                                      "operation is not permitted on predefined default network\ntutor: hint: ",
	} {
		r := tutor(t, strings.Fields(line)...)
		require.NotZero(t, r.code, line)
		require.Contains(t, r.stderr, says, line)
	}
}

// A number that does not fit is no smaller number.
func TestASizeThatIsTooLarge(t *testing.T) {
	root(t)
	for _, flags := range []string{
		"--shm-size 99999999999g",
		"-m 99999999999g",
		"-m 7000000t", // twice that, with swap, would not fit
		"-m 64m --memory-swap 99999999999g",
		"--mount type=tmpfs,dst=/x,tmpfs-size=99999999999g",
	} {
		r := tutor(t, append(append([]string{"run", "--rm"}, strings.Fields(flags)...), "tutor/lab", "true")...)
		require.Equal(t, 125, r.code, flags)
		require.Regexp(t, "it is too large\ntutor: hint: .*\n$", r.stderr, flags)
	}
}

func TestWhatATemplateMayAskFor(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "create", "--name", "box", "--label", "week=1", "tutor/lab", "true")
	ok(t, "network", "create", "--label", "week=2", "lab")
	defer ok(t, "network", "rm", "lab")
	require.Equal(t, "1.\n", ok(t, "ps", "-a", "--format", `{{.Label "week"}}.{{.Label "none"}}`))
	require.Equal(t, "2\n", ok(t, "network", "ls", "--filter", "name=lab", "--format", `{{.Label "week"}}`))
	require.Equal(t, "Box  BOX. bo box\n", ok(t, "ps", "-a", "--format", `{{title .Names}} {{pad (upper .Names) 1 0}}. {{truncate .Names 2}} {{truncate .Names 9}}`))
	require.Equal(t, "NAMES\nb\n", ok(t, "ps", "-a", "--format", "table {{truncate .Names 1}}"), "a heading is not cut")
	require.Equal(t, "NAMES     NAMES\nBOX       box\n", ok(t, "ps", "-a", "--format", `table {{upper .Names}}\t{{lower .Names}}`))
	require.NotZero(t, tutor(t, "ps", "-a", "--format", "{{truncate .Names -1}}").code)
	require.NotContains(t, ok(t, "ps", "-a", "--format", "json"), "week\":", "labels are one field")
	size := ok(t, "images", "--format", "{{.Size}}", "tutor/lab")
	require.Equal(t, "N/A "+size, ok(t, "images", "--format", "{{.Containers}} {{.VirtualSize}}", "tutor/lab"))
}

// An editor on Windows marks the file before its first name; one that writes Latin-1 is found out.
func TestFilesOfOtherEditors(t *testing.T) {
	root(t)
	noneStays(t)
	file := filepath.Join(t.TempDir(), "env")
	require.NoError(t, os.WriteFile(file, []byte("\xef\xbb\xbfFIRST=1\r\n# SECOND=2\r\n  THIRD=3 \r\n"), 0o600))
	require.Equal(t, "FIRST=1\nTHIRD=3 \n", ok(t, "run", "--rm", "--env-file", file, "tutor/lab", "sh", "-c", "env | grep -E 'FIRST|SECOND|THIRD' | sort"))
	ok(t, "create", "--name", "box", "--label-file", file, "tutor/lab", "true")
	require.Equal(t, "1\n", ok(t, "ps", "-a", "--format", `{{.Label "FIRST"}}`))
	require.NoError(t, os.WriteFile(file, []byte("A=1\nB=caf\xe9\n"), 0o600))
	for _, kind := range []string{"env", "label"} {
		r := tutor(t, "run", "--rm", "--"+kind+"-file", file, "tutor/lab", "true")
		require.Equal(t, 125, r.code)
		require.Contains(t, r.stderr, "tutor: "+kind+" file "+file+" contains invalid utf8 bytes at line 2: \"B=caf\\xe9\"\ntutor: hint: ")
	}
}

func TestAFileLiesOverAFileOnly(t *testing.T) {
	root(t)
	noneStays(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	fails(t, tutorCommand("run", "--rm", "-v", dir+":/etc/passwd", "tutor/lab", "true"), 125, "volumes: .*move_mount", "a file can lie over a file only")
	fails(t, tutorCommand("run", "--rm", "-v", file+":/etc", "tutor/lab", "true"), 125, "volumes: .*move_mount", "a file can lie over a file only")
	fails(t, tutorCommand("run", "--rm", "--tmpfs", "/etc/passwd", "tutor/lab", "true"), 125, "tmpfs: .*ENOTDIR", "a tmpfs is a directory")
	fails(t, tutorCommand("run", "--rm", "-v", dir+":/etc/passwd/x", "tutor/lab", "true"), 125, "volumes: .*ENOTDIR", "on the way")
}

func TestNetworksThatNobodyCouldUse(t *testing.T) {
	root(t)
	for flags, says := range map[string]string{
		"--subnet 127.5.0.0/24":      "invalid subnet 127.5.0.0/24: the kernel has other uses for such addresses\ntutor: hint: .*10.0.0.0/8",
		"--subnet 10.5.0.0/31":       "invalid subnet 10.5.0.0/31: it has no room for a gateway and a container\ntutor: hint: .*/30",
		"--ipv6 --subnet fd77::/127": "invalid subnet fd77::/127: it has no room for a gateway and a container\ntutor: hint: .*/126",
	} {
		r := tutor(t, append(append([]string{"network", "create"}, strings.Fields(flags)...), "lab")...)
		require.Equal(t, 1, r.code, flags)
		require.Regexp(t, "^tutor: "+says, r.stderr)
	}
}

// A name that reads like an ID would mean two images.
func TestNoImageIsCalledAsAnID(t *testing.T) {
	root(t)
	noneStays(t)
	ok(t, "create", "--name", "box", "tutor/lab", "true")
	for _, line := range []string{"tag tutor/lab sha256:abc", "commit box sha256:abc", "import /dev/null sha256"} {
		r := tutor(t, strings.Fields(line)...)
		require.Equal(t, 1, r.code, line)
		require.Contains(t, r.stderr, "refusing to create an ambiguous tag using digest algorithm as name\ntutor: hint: ", line)
	}
}

func TestTheHintFitsTheLimit(t *testing.T) {
	root(t)
	for flags, hint := range map[string]string{
		"--cpu-shares 1":         "a weight beside others",
		"--cpu-shares 999999999": "a weight beside others",
		"--cpus 4096":            "tutor info shows how many there are",
		"--cpuset-cpus x":        "processors by number: 0-2,4",
		"--cpuset-cpus 8000":     "processors by number, of those that this machine has",
	} {
		r := tutor(t, append(append([]string{"run", "--rm"}, strings.Fields(flags)...), "tutor/lab", "true")...)
		require.Equal(t, 125, r.code, flags)
		require.Contains(t, r.stderr, "\ntutor: hint: "+hint, flags)
	}
}

// In a directory that has been removed ./x means nothing: it is not taken for the name of a volume.
func TestASourceBelowNowhere(t *testing.T) {
	root(t)
	for _, flag := range []string{"-v ./x:/x", "--mount type=bind,src=./x,dst=/x"} {
		gone := t.TempDir()
		r := piped(t, "cd "+gone+"; rmdir "+gone+"; $T run --rm "+flag+" tutor/lab true")
		require.Equal(t, 125, r.code)
		require.Contains(t, r.stderr, "./x: the working directory is not there: getwd: no such file or directory\ntutor: hint: somebody has removed it")
	}
}
