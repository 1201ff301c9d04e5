package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/container"
	"tutor/runtime/image"
)

// stopped runs a container to its end and keeps it until the test ends.
func stopped(t *testing.T, name string, args ...string) {
	t.Helper()
	forget(t, name)
	r := tutor(t, append([]string{"run", "--name", name}, args...)...)
	require.NotEqual(t, 125, r.code, r.stderr)
}

// forget removes the container when the test ends.
func forget(t *testing.T, name string) {
	t.Cleanup(func() {
		if s, err := testHome().Find(name); err == nil {
			os.RemoveAll(testHome().Dir(s.ID))
		}
	})
}

func testHome() container.Home {
	return container.Home{Root: filepath.Join(home, "root"), Run: filepath.Join(home, "run")}
}

// commit makes an image and forgets it when the test ends.
func commit(t *testing.T, args ...string) image.Image {
	t.Helper()
	id := strings.TrimSpace(ok(t, append([]string{"commit"}, args...)...))
	require.Regexp(t, `^sha256:[0-9a-f]{64}$`, id)
	t.Cleanup(func() { tutor(t, "rmi", "-f", id) })
	store, err := image.OpenStore(filepath.Join(home, "root", "images"))
	require.NoError(t, err)
	img, err := store.Find(id)
	require.NoError(t, err)
	return img
}

func TestACommitIsAnImageWithTheChanges(t *testing.T) {
	root(t)
	stopped(t, "first", "tutor/lab", "sh", "-c", `echo new > /etc/new; echo more >> /etc/passwd; rm /bin/ls; rm -r /home; echo flat > /home
rm -r /var/www; mkdir /var/www; echo own > /var/www/own; ln -s /etc/new /link; ln /etc/new /hard; chmod 700 /tmp; chown 1000:7 /etc/group; mkdir -p /a/b/c`)
	img := commit(t, "-a", "Me <me@x>", "-m", "a message", "first", "mine:1")
	require.Equal(t, []string{"mine:1"}, img.Names)
	require.Len(t, img.Layers, 2)
	out := ok(t, "run", "--rm", "mine:1", "sh", "-c", `cat /etc/new /home /var/www/own /link; tail -n 1 /etc/passwd; echo /bin/ls* /var/www/*; stat -c %a /tmp; stat -c %u:%g /etc/group; echo /a/b/?; stat -c %h /hard`)
	require.Equal(t, "new\nflat\nown\nnew\nmore\n/bin/ls* /var/www/own\n700\n1000:7\n/a/b/c\n2\n", out)

	last := img.Config.History[len(img.Config.History)-1]
	require.Equal(t, "Me <me@x>", img.Config.Author)
	require.Equal(t, []string{"Me <me@x>", "a message"}, []string{last.Author, last.Comment})
	require.True(t, strings.HasPrefix(last.CreatedBy, "sh -c echo new > /etc/new"), last.CreatedBy)
	require.False(t, last.EmptyLayer)
	require.WithinDuration(t, time.Now(), img.Created, time.Minute)

	stopped(t, "second", "mine:1", "sh", "-c", "rm /etc/new; mkdir /var/www/deep; rm -r /a; mkdir -p /a/b; touch /a/b/d")
	again := commit(t, "second")
	require.Empty(t, again.Names)
	require.Len(t, again.Layers, 3)
	require.Equal(t, "/a /a/b /a/b/d /hard /var/www /var/www/deep /var/www/own ",
		ok(t, "run", "--rm", again.ID, "sh", "-c", "find /a /var/www /hard /etc/new 2>/dev/null | sort | tr '\\n' ' '"))
}

func TestACommitOfNothingHasNoNewLayer(t *testing.T) {
	root(t)
	stopped(t, "idle", "tutor/lab", "true")
	require.Empty(t, ok(t, "diff", "idle"), "what the start made is no change")
	img := commit(t, "idle")
	require.Len(t, img.Layers, 1)
	require.True(t, img.Config.History[len(img.Config.History)-1].EmptyLayer)
	require.Equal(t, []string{"true"}, img.Config.Config.Cmd)
}

// The config is the container's: what its flags said, and what -c changes; HOSTNAME and such are the start's.
func TestACommitKeepsTheContainersSettings(t *testing.T) {
	root(t)
	stopped(t, "set", "-e", "A=1", "-e", "PATH=/bin:/x", "-l", "k=v", "-u", "student", "-w", "/var", "--entrypoint", "sh", "tutor/lab", "-c", "true")
	c := commit(t, "set").Config.Config
	require.Equal(t, []string{"A=1", "PATH=/bin:/x"}, c.Env)
	require.Equal(t, map[string]string{"k": "v"}, c.Labels)
	require.Equal(t, []string{"student", "/var", "sh", "-c true"}, []string{c.User, c.WorkingDir, c.Entrypoint[0], strings.Join(c.Cmd, " ")})
	require.Empty(t, c.Hostname)

	c = commit(t, "-c", "ENV A=2 B=${A}", "-c", "CMD echo $B", "--change", `ENTRYPOINT ["sh", "-c"]`, "-c", "EXPOSE 80", "-c", "USER 0", "-c", "WORKDIR www",
		"-c", "VOLUME /data", "-c", "STOPSIGNAL SIGINT", "-c", "HEALTHCHECK NONE", "-c", "ONBUILD RUN x", "-c", `LABEL k="w w"`, "set", "changed").Config.Config
	data, err := json.Marshal(c)
	require.NoError(t, err)
	require.JSONEq(t, `{"Cmd":["/bin/sh","-c","echo $B"],"Entrypoint":["sh","-c"],"Env":["A=2","PATH=/bin:/x","B=1"],"ExposedPorts":{"80/tcp":{}},"User":"0","WorkingDir":"/var/www",
		"Volumes":{"/data":{}},"StopSignal":"SIGINT","Healthcheck":{"Test":["NONE"]},"OnBuild":["RUN x"],"Labels":{"k":"w w"}}`, string(data))
	c = commit(t, "-c", "ENTRYPOINT []", "set").Config.Config
	require.Equal(t, []string{"sh", "-c", "true"}, append(c.Entrypoint, c.Cmd...), "an empty one is the container's, as in Docker")
}

func TestCommitAndDiffSayWhatIsWrong(t *testing.T) {
	root(t)
	stopped(t, "there", "tutor/lab", "touch", "/etc/.wh.passwd")
	before := listing(t, filepath.Join(home, "root", "images"))
	long := strings.Repeat("x", 300)
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"commit", "nosuch"}, 1, "tutor: No such container: nosuch\n"},
		{[]string{"diff", "../containers"}, 1, "tutor: No such container: ../containers\n"},
		{[]string{"diff", ""}, 1, "tutor: No such container: \n"},
		{[]string{"diff", "/"}, 1, "tutor: No such container: /\n"},
		{[]string{"diff", "a\nb"}, 1, "tutor: No such container: a; b\n"},
		{[]string{"diff", long}, 1, "tutor: No such container: " + long + "\n"},
		{[]string{"commit", "there", "Foo"}, 1, "tutor: invalid reference format: repository name (library/Foo) must be lowercase\n"},
		{[]string{"commit", "there", "a@sha256:" + strings.Repeat("0", 64)}, 1, "tutor: refusing to create a tag with a digest reference\n"},
		{[]string{"commit", "there", "tutor/lab"}, 1, "tutor: tutor/lab:latest is built in"},
		{[]string{"commit", "-c", "RUN x", "there"}, 1, "tutor: run is not a valid change command\ntutor: hint: these are: CMD "},
		{[]string{"commit", "--pause=maybe", "there"}, 125, `tutor: invalid argument "maybe" for "-p, --pause" flag`},
		{[]string{"commit"}, 1, "tutor: "},
		{[]string{"diff", "a", "b"}, 1, "tutor: "},
		{[]string{"commit", "there"}, 1, `tutor: pack "/etc/.wh.passwd": a layer can hold no file whose name begins with .wh.`},
	} {
		r := tutor(t, c.args...)
		require.Equal(t, c.code, r.code, c.args)
		require.True(t, strings.HasPrefix(r.stderr, c.want), "%q: %s", c.args, r.stderr)
		require.Empty(t, r.stdout)
	}
	require.Equal(t, before, listing(t, filepath.Join(home, "root", "images")), "a failed commit left something behind")
}

func TestAFullDiskLeavesNothingOfACommit(t *testing.T) {
	root(t)
	tool(t, "unshare")
	script := `set -e
mount -t tmpfs -o size=80m tmpfs "$2"
export TUTOR_ROOT="$2/root" TUTOR_RUN="$2/run"
"$1" run --name full tutor/lab sh -c 'dd if=/dev/null of=/big bs=1 seek=1073741824 2>/dev/null'
find "$2" | sort > "$3/before"; df "$2" | tail -1 > "$3/df-before"
"$1" commit full x 2> "$3/errors" || echo $? > "$3/status"
find "$2" | sort > "$3/after"; df "$2" | tail -1 > "$3/df-after"
"$1" run --rm tutor/lab true`
	disk, dir := t.TempDir(), t.TempDir()
	out, err := exec.Command("unshare", "--mount", "sh", "-c", script, "sh", binary, disk, dir).CombinedOutput()
	require.NoError(t, err, string(out))
	require.Equal(t, "1", strings.TrimSpace(read(dir, "status")))
	require.Contains(t, read(dir, "errors"), "no space left on device\ntutor: hint: the disk is full")
	require.Equal(t, read(dir, "before"), read(dir, "after"))
	require.Equal(t, read(dir, "df-before"), read(dir, "df-after"))
}

// A name moves on to another image; the container stays with the one that it was made of.
func TestRmiKnowsTheImageOfAContainerWhoseNameHasMoved(t *testing.T) {
	root(t)
	stopped(t, "one", "tutor/lab", "touch", "/1")
	old := commit(t, "one", "moving")
	stopped(t, "user", "moving", "true")
	commit(t, "-c", "ENV X=1", "one", "moving")
	r := tutor(t, "rmi", old.ID)
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "image is being used by container")
	ok(t, "rmi", "moving")
	require.Len(t, commit(t, "user").Layers, 2)
}

// Somebody else's reader of images must come to the same files. Times of directories are left to its taste.
func TestUmociUnpacksACommitToTheSameTree(t *testing.T) {
	root(t)
	tool(t, "umoci")
	tool(t, "unshare")
	stopped(t, "for-umoci", "tutor/lab", "sh", "-c", `rm -r /var/www /bin/ls; mkdir /var/www; echo own > /var/www/own; ln /etc/passwd /hard; ln -s /x /sym; chmod 1700 /tmp
chown 1000:7 /etc/group; rm -r /home; echo > /home; rm /bin/cat; mkdir /bin/cat; touch '/new
line'; touch -d @1.5 /early`)
	commit(t, "for-umoci", "mine:umoci")
	stopped(t, "its-layers", "mine:umoci", "true")
	state, err := testHome().Find("its-layers")
	require.NoError(t, err)
	list := `find . -mindepth 1 \( -type d -printf '%P/ %m %U:%G\n' -o -printf '%P %y %m %U:%G %s %T@ %n %l\n' \) | sort`
	bundle, mounted := filepath.Join(t.TempDir(), "bundle"), t.TempDir()
	ok := exec.Command("umoci", "unpack", "--image", filepath.Join(home, "root", "images")+":docker.io/library/mine:umoci", bundle)
	require.Zero(t, command(t, ok).code)
	theirs := command(t, exec.Command("sh", "-c", "cd "+bundle+"/rootfs && "+list))
	ours := command(t, exec.Command("unshare", "--mount", "sh", "-ec", `cd "$1"; mount -t overlay -o "lowerdir=$2" overlay "$3"; cd "$3"; `+list,
		"sh", filepath.Join(home, "root", "layers"), strings.Join(state.Layers, ":"), mounted))
	require.Zero(t, ours.code, ours.stderr)
	require.Greater(t, len(ours.stdout), 1000)
	require.Equal(t, ours.stdout, theirs.stdout)
}

func TestDiffShowsATerminalNoControlCharacters(t *testing.T) {
	root(t)
	stopped(t, "hostile-names", "tutor/lab", "sh", "-c", "touch \"/$(printf '\\033[31mred\\233')\" '/a\nb'")
	cmd := exec.Command(binary, "diff", "hostile-names")
	s := attach(t, cmd)
	require.NoError(t, cmd.Start())
	s.sees("[31mred")
	require.NoError(t, cmd.Wait())
	require.NotContains(t, s.shown(), "\033")
	require.Contains(t, ok(t, "diff", "hostile-names"), "A /\033[31mred", "a pipe gets the bytes as they are, as from Docker")
}

func TestDiffCompletesNamesOfContainers(t *testing.T) {
	root(t)
	stopped(t, "web-1", "tutor/lab", "true")
	stopped(t, "db-1", "tutor/lab", "true")
	for _, command := range []string{"diff", "commit"} {
		out := ok(t, "__complete", command, "we")
		require.Equal(t, "web-1", strings.Split(out, "\n")[0])
		require.Contains(t, ok(t, "__complete", command, ""), "db-1\n")
		require.NotContains(t, ok(t, "__complete", command, "web-1", ""), "db-1")
	}
}
