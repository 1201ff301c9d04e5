package main_test

import (
	"archive/tar"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
)

// noVolumes removes all volumes before and after a test, and the stopped containers that use them.
func noVolumes(t *testing.T) {
	t.Helper()
	clear := func() {
		states, err := testHome().List()
		require.NoError(t, err)
		for _, s := range states {
			if len(s.Volumes) > 0 {
				require.NoError(t, os.RemoveAll(testHome().Dir(s.ID)))
			}
		}
		ok(t, "volume", "prune", "-a", "-f")
	}
	clear()
	t.Cleanup(clear)
}

// volumeData is a volume's directory on the host.
func volumeData(name string) string { return filepath.Join(home, "root", "volumes", name, "_data") }

// bring pulls an image of entries under a name.
func bring(t *testing.T, name string, config v1.Config, entries ...entry) {
	t.Helper()
	mirror := serve(t, "library/"+name, hostileImage(t, config, entries))
	pull := exec.Command(binary, "pull", "-q", name)
	pull.Env = append(os.Environ(), "TUTOR_REGISTRY_MIRRORS="+mirror)
	r := command(t, pull)
	require.Zero(t, r.code, r.stderr)
	t.Cleanup(func() { tutor(t, "rmi", "-f", name) })
}

func file(name string, mode int64, content string) entry {
	return entry{&tar.Header{Name: name, Typeflag: tar.TypeReg, Mode: mode}, content}
}

func symlink(name, target string) entry {
	return entry{&tar.Header{Name: name, Linkname: target, Typeflag: tar.TypeSymlink, Mode: 0o777}, ""}
}

func TestVolumeCommands(t *testing.T) {
	noVolumes(t)
	for _, step := range []struct {
		args, stdout, stderr string
		code                 int
	}{
		{args: "create --label course=1 --label lazy data", stdout: "data\n"},
		{args: "create --label course=2 data", stdout: "data\n"},
		{args: "create other", stdout: "other\n"},
		{args: "ls", stdout: "DRIVER    VOLUME NAME\nlocal     data\nlocal     other\n"},
		{args: "ls -q", stdout: "data\nother\n"},
		{args: "ls -q -f label=course=1 -f label=lazy", stdout: "data\n"},
		{args: "ls -q -f label=course=2", stdout: ""},
		{args: "ls -q -f name=^oth", stdout: "other\n"},
		{args: "ls -q -f name=[", stdout: ""},
		{args: "ls -q -f dangling=false", stdout: ""},
		{args: "ls -q -f dangling=true", stdout: "data\nother\n"},
		{args: "ls -q -f driver=nfs", stdout: ""},
		{args: "ls -f color=red", stderr: "tutor: invalid filter 'color'\ntutor: hint: filters: dangling=, driver=, label=, name=\n", code: 1},
		{args: "ls -f dangling=2", stderr: "tutor: invalid filter 'dangling=[2]'\ntutor: hint: dangling is true or false\n", code: 1},
		{args: "ls --format {{.Label|\"course\"}}", stdout: "1\n\n"},
		{args: "ls --format {{.Color}}", stderr: "template parsing error", code: 1},
		{args: "ls --format {{.Name}}:{{.Labels}}:{{.Scope}}", stdout: "data:course=1,lazy=:local\nother::local\n"},
		{args: "inspect -f {{.Labels.course}}{{.Options}} data", stdout: "1map[]\n"},
		{args: "inspect -f {{.Name}} nope data", stdout: "data\n", stderr: "tutor: get nope: no such volume\n", code: 1},
		{args: "inspect -f {{.Name}} ../containers", stderr: "tutor: get ../containers: no such volume\n", code: 1},
		{args: "rm nope other", stdout: "other\n", stderr: "tutor: get nope: no such volume\n", code: 1},
		{args: "rm -f nope", stdout: "nope\n"},
		{args: "rm ../volumes/data", stderr: "tutor: get ../volumes/data: no such volume\n", code: 1},
		{args: "create x", stderr: "tutor: create x: volume name is too short, names should be at least two alphanumeric characters\n", code: 1},
		{args: "create ../x", stderr: `tutor: create ../x: "../x" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path` + "\n", code: 1},
		{args: "create .x", stderr: "includes invalid characters", code: 1},
		{args: "create -d nfs far", stderr: `tutor: create far: error looking up volume plugin nfs: plugin "nfs" not found`, code: 1},
		{args: "create " + strings.Repeat("x", 300), stderr: "volume name is too long, names have at most 255 characters", code: 1},
		{args: "prune -f", stdout: "Total reclaimed space: 0B\n"},
		{args: "prune -f --filter until=1h", stderr: "tutor: invalid filter 'until'\ntutor: hint: filters: all=, label=, label!=\n", code: 1},
		{args: "prune -a -f --filter label!=course", stdout: "Total reclaimed space: 0B\n"},
		{args: "prune -a", stdout: "WARNING! This will remove all local volumes not used by at least one container.\nAre you sure you want to continue? [y/N] "},
		{args: "prune", stdout: "WARNING! This will remove anonymous local volumes not used by at least one container.\nAre you sure you want to continue? [y/N] "},
		{args: "prune -f --filter all=true --filter label=course", stdout: "Deleted Volumes:\ndata\n\nTotal reclaimed space: 0B\n"},
		{args: "ls", stdout: "DRIVER    VOLUME NAME\n"},
	} {
		args := strings.Fields(step.args)
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "|", " ")
		}
		r := tutor(t, append([]string{"volume"}, args...)...)
		require.Equal(t, step.code, r.code, "%s: %s", step.args, r.stderr)
		require.Equal(t, step.stdout, r.stdout, step.args)
		require.Contains(t, r.stderr, step.stderr, step.args)
	}
	name := strings.TrimSpace(ok(t, "volume", "create"))
	require.Regexp(t, "^[0-9a-f]{64}$", name)
	require.NoError(t, os.WriteFile(filepath.Join(volumeData(name), "x"), make([]byte, 1500), 0o600))
	require.Equal(t, "Deleted Volumes:\n"+name+"\n\nTotal reclaimed space: 1.5kB\n", ok(t, "volume", "prune", "-f"))
	require.Empty(t, names(t, filepath.Join(home, "root", "volumes")), "something is left")
}

func TestAVolumeOutlivesItsContainersAndIsShared(t *testing.T) {
	root(t)
	noVolumes(t)
	ok(t, "run", "--rm", "-v", "shared:/data", "tutor/lab", "sh", "-c", "echo first > /data/file")
	require.Equal(t, "first\n", ok(t, "run", "--rm", "--mount", "type=volume,src=shared,dst=/elsewhere/deep", "tutor/lab", "cat", "/elsewhere/deep/file"))

	_, writer := running(t, "writer", "touch /ready; while [ ! -e /data/go ]; do sleep 0.01; done; echo seen > /data/answer", "-v", "shared:/data")
	ok(t, "run", "--rm", "-v", "shared:/there", "tutor/lab", "touch", "/there/go")
	require.NoError(t, writer.Wait())
	require.Equal(t, "seen\n", read(volumeData("shared"), "answer"))

	for _, flags := range [][]string{{"-v", "shared:/data:ro"}, {"--mount", "source=shared,target=/data,readonly"}} {
		r := tutor(t, append(append([]string{"run", "--rm"}, flags...), "tutor/lab", "sh", "-c", "cat /data/file; echo x > /data/file")...)
		require.Equal(t, "first\n", r.stdout)
		require.Contains(t, r.stderr, "ead-only file system", flags)
	}
}

func TestAVolumeInUseStays(t *testing.T) {
	root(t)
	noVolumes(t)
	stopped(t, "keeper", "-v", "kept:/data", "-v", "/anonymous", "tutor/lab", "true")
	state, err := testHome().Find("keeper")
	require.NoError(t, err)
	for _, force := range []string{"--force=false", "-f"} {
		r := tutor(t, "volume", "rm", force, "kept")
		require.Equal(t, 1, r.code)
		require.Equal(t, "tutor: remove kept: volume is in use - ["+state.ID+"]\ntutor: hint: remove the container first: tutor rm\n", r.stderr)
	}
	require.Equal(t, "Total reclaimed space: 0B\n", ok(t, "volume", "prune", "-a", "-f"))
	require.Equal(t, "kept", strings.TrimSpace(ok(t, "volume", "ls", "-q", "-f", "dangling=false", "-f", "name=kept")))
	require.Empty(t, ok(t, "volume", "ls", "-q", "-f", "dangling=true"))
	require.Len(t, state.Volumes, 2)
	require.False(t, state.Volumes[0].Anonymous)
	anonymous := state.Volumes[1]
	require.True(t, anonymous.Anonymous && anonymous.RW && anonymous.Destination == "/anonymous")

	ok(t, "run", "--rm", "-v", anonymous.Name+":/mine", "tutor/lab", "touch", "/mine/x")
	require.DirExists(t, volumeData(anonymous.Name), "--rm takes the container's own anonymous volumes only")
	require.NoError(t, testHome().RemoveAnonymous(state))
	require.NoDirExists(t, volumeData(anonymous.Name))
	require.DirExists(t, volumeData("kept"))
}

func TestAnonymousVolumesGoWithTheirContainer(t *testing.T) {
	root(t)
	noVolumes(t)
	bring(t, "wants", v1.Config{Volumes: map[string]struct{}{"/var/lib/data": {}, "/taken": {}, "/memory/": {}}},
		file("var/lib/data/seed", 0o644, "from the image\n"))
	r := ok(t, "run", "--rm", "-v", "named:/taken", "--tmpfs", "/memory", "-v", "/more", "wants", "/bin/cat", "/proc/self/mountinfo", "/var/lib/data/seed")
	require.Contains(t, r, "from the image")
	require.Regexp(t, `/volumes/[0-9a-f]{64}/_data /var/lib/data `, r)
	require.Regexp(t, `/volumes/[0-9a-f]{64}/_data /more `, r)
	require.Contains(t, r, "/volumes/named/_data /taken ")
	require.Regexp(t, ` / /memory .* tmpfs`, r)
	require.Equal(t, "named\n", ok(t, "volume", "ls", "-q"))

	require.Equal(t, 127, tutor(t, "run", "--rm", "wants", "/no/such/command").code)
	require.Equal(t, "named\n", ok(t, "volume", "ls", "-q"), "a container that never ran leaves none")

	killed := exec.Command(binary, "run", "--rm", "-v", "/x", "tutor/lab", "sleep", "1000")
	require.NoError(t, killed.Start())
	eventually(t, "its volume is there", func() bool { return strings.Count(ok(t, "volume", "ls", "-q"), "\n") == 2 })
	require.NoError(t, killed.Process.Kill())
	killed.Wait()
	ok(t, "run", "--rm", "tutor/lab", "true") // clears what is left
	require.Equal(t, "named\n", ok(t, "volume", "ls", "-q"))
}

func TestOnlyAskingMakesNoVolume(t *testing.T) {
	root(t)
	noVolumes(t)
	missing := filepath.Join(t.TempDir(), "missing")
	for _, flag := range []string{"--dry-run", "--print-spec"} {
		r := ok(t, "run", flag, "-v", "wished:/data", "-v", "/anonymous", "-v", missing+":/host", "tutor/lab", "true")
		require.Contains(t, r, volumeData("wished"))
		require.Empty(t, ok(t, "volume", "ls", "-q"))
		require.NoDirExists(t, missing)
	}
	trace := tutor(t, "run", "--rm", "--explain", "-v", "wished:/data", "-v", missing+":/host", "tutor/lab", "true").stderr
	require.Contains(t, trace, `open_tree(AT_FDCWD, "`+volumeData("wished")+`"`)
	require.Contains(t, trace, `"/data", MOVE_MOUNT_F_EMPTY_PATH`)
	require.DirExists(t, missing)
}

// The same words as Docker's, where Docker has them.
func TestFlagsOfVolumesThatAreWrong(t *testing.T) {
	root(t)
	noVolumes(t)
	for flag, want := range map[string]string{
		"-v=:/x":                                 "invalid spec: :/x: empty section between colons",
		"-v=aa:/x:ro:z":                          "invalid spec: aa:/x:ro:z: too many colons",
		"--volume=":                              "invalid empty volume spec",
		"-v=aa:/x:fast":                          "invalid mode: fast",
		"-v=aa:/x:ro,rw":                         "invalid mode: ro,rw",
		"-v=aa:x":                                "invalid mount path: 'x' mount path must be absolute",
		"-v=aa:/..":                              "invalid specification: destination can't be '/'",
		"-v=a:/x":                                "create a: volume name is too short",
		"-v=a/b:/x":                              `create a/b: "a/b" includes invalid characters for a local volume name`,
		"-v=aa:/proc/self/attr":                  `"/proc/self/attr" cannot be mounted because it is inside /proc`,
		"-v=/srv:/x:nocopy":                      "invalid volume specification: '/srv:/x:nocopy'",
		"--mount=":                               `invalid argument "" for "--mount" flag: EOF`,
		"--mount=src=aa":                         `invalid argument "src=aa" for "--mount" flag: target is required`,
		"--mount=src=aa,dst=/x,fast":             "invalid field 'fast' must be a key=value pair",
		"--mount=src=aa,dst=/x,color=red":        "unexpected key 'color' in 'color=red'",
		"--mount=src=aa,dst=/x,volume-nocopy=2":  "invalid value for volume-nocopy: 2",
		"--mount=src=aa,dst=/x,tmpfs-size=1m":    "cannot mix 'tmpfs-*' options with mount type 'volume'",
		"--mount=type=bind,dst=/x,volume-nocopy": "cannot mix 'volume-*' options with mount type 'bind'",
		"--mount=type=bind,dst=/x":               `invalid mount config for type "bind": field Source must not be empty`,
		"--mount=type=bind,src=/none,dst=/x":     `invalid mount config for type "bind": bind source path does not exist: /none`,
		"--mount=type=tmpfs,src=aa,dst=/x":       `invalid mount config for type "tmpfs": field Source must not be specified`,
		"--mount=type=fast,dst=/x":               `invalid mount config for type "fast": mount type unknown`,
		"--mount=src=a/b,dst=/x":                 `create a/b: "a/b" includes invalid characters`,
		"--tmpfs=/twice":                         "Duplicate mount point: /twice",
	} {
		r := tutor(t, "run", "--rm", "-v", "bb:/twice", flag, "tutor/lab", "true")
		require.Equal(t, 125, r.code, "%s: %s", flag, r.stderr)
		require.Contains(t, r.stderr, want, flag)
	}
	require.Empty(t, ok(t, "volume", "ls", "-q"), "a start that was refused makes no volume")
}

// A state.json is read by whoever inspects and removes containers.
func TestAStateSaysWhichVolumesItUses(t *testing.T) {
	root(t)
	noVolumes(t)
	stopped(t, "uses", "-v", "first:/a:ro", "--mount", "src=second,dst=/b/,volume-nocopy,volume-label=k=v", "tutor/lab", "true")
	state, err := testHome().Find("uses")
	require.NoError(t, err)
	content, err := json.Marshal(state.Volumes)
	require.NoError(t, err)
	require.JSONEq(t, `[{"name":"first","destination":"/a","rw":false},
		{"name":"second","destination":"/b","rw":true,"noCopy":true,"labels":{"k":"v"}}]`, string(content))
	require.Equal(t, "v\n", ok(t, "volume", "inspect", "-f", "{{.Labels.k}}", "second"))
}

func TestVolumesThatAreMountsAreRefusedWithWhatToUse(t *testing.T) {
	root(t)
	for line, hint := range map[string]string{
		"-o type=tmpfs -o device=tmpfs -o o=size=1m":    "--tmpfs /path",
		"-o type=none -o device=/srv -o o=bind":         "-v /host/dir:/path",
		"-o type=nfs -o o=addr=host -o device=:/export": "mount -t nfs",
		"-o colour=red": "have no options",
	} {
		fails(t, exec.Command(binary, append(append([]string{"volume", "create"}, strings.Fields(line)...), "far")...), 1, "create far: ", ".*"+hint)
	}
	require.Empty(t, ok(t, "volume", "ls", "-q"))
	fails(t, exec.Command(binary, "run", "--volume-driver", "nfs", "-v", "far:/x", "tutor/lab", "true"), 125,
		`create far: error looking up volume plugin nfs: plugin "nfs" not found`, "tutor knows the driver local")
}

// However they are written, /x comes before /x/y, and that before /x/y/z.
func TestAMountInMemoryLiesInAVolumeAndTheOtherWayRound(t *testing.T) {
	root(t)
	t.Cleanup(func() { tutor(t, "volume", "rm", "-f", "outer", "inner") })
	out := ok(t, "run", "--rm", "--tmpfs", "/x/y", "-v", "inner:/x/y/z", "-v", "outer:/x", "tutor/lab", "sh", "-c", `touch /x/f /x/y/f /x/y/z/f; grep -c " /x/y tmpfs" /proc/mounts; ls /x /x/y /x/y/z`)
	require.Equal(t, []string{"1", "/x:", "f", "y", "/x/y:", "f", "z", "/x/y/z:", "f"}, strings.Fields(out))
	require.FileExists(t, filepath.Join(volumeData("outer"), "f"))
	require.FileExists(t, filepath.Join(volumeData("inner"), "f"))
	require.NoFileExists(t, filepath.Join(volumeData("outer"), "y", "f"))
}
