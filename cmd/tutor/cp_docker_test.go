package main_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// copyLines are command lines of cp; what both docker and tutor say and do is compared. They run in a directory
// made by hostSide, on a container made of imageSide.
//
// Not here, because tutor does otherwise: a symlink that leads up out of its directory is copied as it is (Docker
// refuses it), -L keeps the name that was typed in a stream too, and devices and owners: see TestWhatIsCopiedBelongsTo.
var copyLines = []string{
	"c:/f .", "c:/f out/", "c:/f out/new", "c:/f out/new/", "c:/f out/have", "c:/f out/have/", "c:/f out/have/x",
	"c:/f out/dir", "c:/f nodir/new", "c:/nope .", "c:/f/ .", "c:/f/x .", "c:f out", "c:/../../f out",
	"c:/d out", "c:/d out/new", "c:/d out/new/", "c:/d/ out", "c:/d/. out", "c:/d/. out/new", "c:/d/. out/new/.",
	"c:/d out/have", "c:/d out/clash", "c:/d out/clash2",
	"c:/lf out", "c:/ld out", "c:/ld/ out", "c:/ld/. out", "c:/lda/x out", "c:/lx out/new", "c:/dangling out",
	"-L c:/lf out", "-L c:/ld out", "-L c:/lx out/new", "-L c:/ld/. out", "c:/fifo out",
	"c:/f out/lhave", "c:/f out/ldir", "c:/d out/ldir", "c:/f out/ldang", "c:/f /dev/null",
	":/f out", "c:/f c:/g", "f g", "f ''", "'' c:/f", "nosuch:/f out",
	"f c:/w", "f c:/w/new", "f c:/w/new/", "f c:/w/f", "f c:/w/f/", "f c:/w/f/x", "f c:/w/d", "f c:/nodir/new", "f c:w", "./f c:/w",
	"nope c:/w", "f/ c:/w", "d c:/w", "d c:/w/new", "d c:/w/new/", "d/ c:/w", "d/. c:/w/d", "d/. c:/w/new", "d c:/w/f",
	"lf c:/w", "lf c:/w/new", "ld c:/w", "ld/ c:/w", "ld/. c:/w/new", "-L lf c:/w", "-L ld c:/w", "-L ld c:/w/new", "dangling c:/w",
	"f c:/w/ld", "d c:/w/ld", "f c:/w/lf", "f c:/w/dang", "f c:/null", "f c:/fifo", "fifo c:/w", "-a f c:/w", "d c:/wlink",
	"- c:/w", "- c:/w/f", "- c:/nope", "- c:/wlink",
	"c:/d -", "c:/f -", "c:/ld -", "c:/ld/ -", "c:/d/. -", "c:/nope -",
}

const hostSide = `rm -rf h; mkdir h; cd h; mkdir -p d/sub out/dir out/clash out/clash2/d/x; echo one > f; echo two > d/x
echo three > d/sub/y; chmod 750 d/sub; ln -s f lf; ln -s d ld; ln -s nope dangling; mkfifo fifo; ln d/x d/hard; echo old > out/have
echo no > out/clash/d; ln -s have out/lhave; ln -s dir out/ldir; ln -s nowhere out/ldang; touch -h -d @1600000000.5 f d/x d/sub lf; touch -d @1500000000 d`

const imageSide = `mkdir -p d/sub w/d w/e etc; echo ONE > f; echo TWO > d/x; echo THREE > d/sub/y; chown 5:6 d/sub/y; ln -s f lf; ln -s d ld
ln -s /d lda; ln -s /nope dangling; ln -s d/x lx; mkfifo fifo; mknod null c 1 3; echo w > w/f; echo old > w/d/old; ln -s d w/ld; ln -s f w/lf
ln -s nope w/dang; ln -s /w wlink; ln d/x d/hard; touch -d @1700000000.25 f d/x d/sub; chmod 1777 w/e; touch -h -d @1400000000 lf ld w/ld`

// fixture is a file system as a tar, for docker import and tutor import, with one program: /bin/true.
func fixture(t *testing.T) (archive string) {
	t.Helper()
	dir := t.TempDir()
	script(t, dir, imageSide+`; mkdir bin; cp "`+binary+`" bin/true; tar -cf ../fixture.tar .`, nil)
	t.Cleanup(func() { os.Remove(filepath.Join(dir, "../fixture.tar")) })
	return filepath.Join(dir, "../fixture.tar")
}

func script(t *testing.T, dir, text string, env []string) run {
	t.Helper()
	cmd := exec.Command("sh", "-c", text)
	cmd.Dir, cmd.Env = dir, env
	r := command(t, cmd)
	require.Zero(t, r.code, "%s\n%s", text, r.stderr)
	return r
}

func TestCpDoesWhatDockerDoes(t *testing.T) {
	root(t)
	docker := dockerd(t)
	archive := fixture(t)
	script(t, "", "docker import "+archive+" fixture", docker)
	ok(t, "import", archive, "fixture")
	t.Cleanup(func() { tutor(t, "rmi", "-f", "fixture") })
	tools := []struct {
		name, fresh string
		env         []string
	}{
		{"docker", "docker rm -f cc >/dev/null 2>&1; docker create --network none --name cc fixture /bin/true", docker},
		{binary, `rm -rf "$TUTOR_ROOT"/containers/*; ` + binary + " run --name cc fixture /bin/true", os.Environ()},
	}
	forget(t, "cc")
	dir, changed := t.TempDir(), true // the containers, by the line before
	for _, line := range copyLines {
		t.Run(line, func(t *testing.T) {
			var came [2]string
			line := strings.ReplaceAll(line, "c:", "cc:")
			for i, tool := range tools {
				script(t, dir, hostSide, nil)
				if changed {
					script(t, dir, tool.fresh, tool.env)
				}
				stdin := ""
				if strings.HasPrefix(line, "- ") {
					stdin = "tar -c f d | "
				}
				cmd := exec.Command("sh", "-c", stdin+"timeout 20 "+tool.name+" cp "+line)
				cmd.Dir, cmd.Env = filepath.Join(dir, "h"), tool.env
				r := command(t, cmd)
				inside := exec.Command(tool.name, "cp", "cc:/w", "-")
				inside.Env = tool.env
				came[i] = fmt.Sprintf("exit %d\n%s\nstream:\n%s\nhost:\n%s\ncontainer:\n%s", r.code, words(r.stderr, dir),
					entries(t, r.stdout), hostTree(t, filepath.Join(dir, "h")), entries(t, command(t, inside).stdout))
			}
			changed = strings.Contains(line, " cc:")
			require.Equal(t, came[0], came[1])
		})
	}
}

var dockersOwn = regexp.MustCompile(`(?m)^time=.*\n|^Error response from daemon: |Error processing tar file\(exit status 1\): |/[^ ]*/overlay2/[0-9a-f]+/merged|^tutor: hint: .*\n|^tutor: `)

// words is what was said, without what is Docker's or tutor's own way to say it.
func words(stderr, dir string) string {
	text := dockersOwn.ReplaceAllString(stderr, "")
	return strings.TrimSpace(strings.ReplaceAll(text, dir, "DIR"))
}

// entries are those of a tar: all that a reader could see, sorted.
func entries(t *testing.T, archive string) string {
	t.Helper()
	var lines []string
	for r := tar.NewReader(strings.NewReader(archive)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		var content bytes.Buffer
		_, err = io.Copy(&content, r)
		require.NoError(t, err)
		lines = append(lines, fmt.Sprintf("%s %c %o %d:%d %d,%d %q %s %.20q", path.Clean(h.Name), h.Typeflag, h.Mode&0o7777, h.Uid, h.Gid,
			h.Devmajor, h.Devminor, cleanLink(h), times(h), content.String()))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// cleanLink is where a link leads; one to another name of the archive may begin with "./".
func cleanLink(h *tar.Header) string {
	if h.Typeflag == tar.TypeLink {
		return path.Clean(h.Linkname)
	}
	return h.Linkname
}

// times is when the file was changed: if long ago, to the second; those made by this test differ.
func times(h *tar.Header) string {
	if h.ModTime.Unix() > 1_750_000_000 {
		return "now"
	}
	return fmt.Sprint(h.ModTime.UnixNano())
}

func hostTree(t *testing.T, dir string) string {
	t.Helper()
	out, err := exec.Command("sh", "-c", `cd "$1" && find . -printf '%P %y %m %U:%G %n %l %T@\n' | sed -E 's/ (17[5-9]|1[89])[0-9]{7}\..*/ now/' | sort; find . -type f -exec grep -H . {} + | sort`, "sh", dir).Output()
	require.NoError(t, err)
	return string(out)
}

// Docker's start makes some names in a layer of its own.
var dockersNames = regexp.MustCompile(`(?m)^(\.dockerenv|dev|dev/.*|etc/(hostname|hosts|mtab|resolv.conf)|proc|sys|etc) .*\n?`)

func TestExportIsWhatDockerExports(t *testing.T) {
	root(t)
	docker := dockerd(t)
	ok(t, "run", "--rm", "tutor/lab", "true")
	stopped(t, "source", "tutor/lab", "true")
	source, err := testHome().Find("source")
	require.NoError(t, err)
	script(t, filepath.Join(home, "root", "layers", source.Layers[0]), "tar -c . | docker import - lab", docker)
	volume := t.TempDir()
	change := `echo x > /etc/new; rm /bin/ls; rm -r /var/www; mkdir /var/www; ln -s /etc/new /link; ln /etc/new /hard; chown 5:7 /home/student; mkfifo /p; touch -d @1600000000 /etc/new; echo v > /data/v`
	script(t, "", "docker run --network none -v "+volume+":/data --name exported lab sh -c '"+change+"'", docker)
	want := script(t, "", "docker export exported", docker).stdout
	stopped(t, "exported", "-v", volume+":/data", "tutor/lab", "sh", "-c", change)
	got := ok(t, "export", "exported")
	require.Equal(t, dockersNames.ReplaceAllString(entries(t, want), ""), dockersNames.ReplaceAllString(entries(t, got), ""))
}
