package main_test

import (
	"archive/tar"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
)

// One image, one list of command lines, given to Docker and to tutor: the same answers, the same exit codes, and
// at the end the same files in the same volumes.
//
// `volume prune` is left out: this Docker may be older than 23, which pruned named volumes too. So is a volume at
// /proc or /sys, where Docker's answer is runc's, and longer.
func TestVolumesDoWhatDockerDoes(t *testing.T) {
	root(t)
	noVolumes(t)
	docker := dockerd(t)
	bring(t, "oddly", v1.Config{Volumes: map[string]struct{}{"/wanted": {}}, Cmd: []string{"/bin/true"}}, odd()...)
	load := exec.Command("sh", "-c", `"$1" save oddly | docker load`, "sh", binary)
	load.Env = docker
	r := command(t, load)
	require.Zero(t, r.code, r.stderr)
	theirs := strings.TrimSpace(command(t, asked(docker, "info", "--format", "{{.DockerRootDir}}")).stdout)

	for _, line := range []string{
		"volume create --label k=v --label l= vol",
		"volume create --label k=other vol",
		"volume create vol/ume",
		"volume create v",
		"volume create -d nfs far",
		"volume create -o colour=red odd",
		"volume create",
		"volume ls",
		"volume ls -q --filter label=k=v",
		"volume ls --filter label=k=other",
		"volume ls -q --filter name=^vo.$",
		"volume ls --filter color=red",
		"volume ls --filter dangling=maybe",
		"volume ls --format {{.Name}}|{{.Driver}}|{{.Scope}}|{{.Mountpoint}}|{{.Links}}|{{.Size}} -f label=k",
		"volume inspect vol",
		"volume inspect -f {{.Name}}{{.Labels.k}}{{.Scope}}{{.Options}} vol",
		"volume inspect none vol",
		"volume rm none",
		"volume rm -f none",
		"run --rm -v vdata:/data oddly /bin/ls -la /data",
		"run --rm -v vdata:/data:ro oddly /bin/sh -c cat|/data/file;touch|/data/new",
		"run --rm -v vlink:/way oddly /bin/cat /way/file /data/file",
		"run --rm -v vesc:/esc oddly /bin/sh -c ls|/esc|/canary",
		"run --rm -v vdang:/dangling oddly /bin/sh -c ls|-d|/dangling|/nowhere",
		"run --rm -v vinner:/data/sub -v vouter:/data oddly /bin/sh -c rm|/data/sub/deep;find|/data|-type|f",
		"run --rm -v vbare:/data:nocopy oddly /bin/find /data",
		"run --rm --mount src=vmount,dst=/data/sub,readonly oddly /bin/sh -c find|/data/sub;touch|/data/sub/x",
		"run --rm --mount type=volume,source=vnocopy,target=/data,volume-nocopy=true oddly /bin/find /data",
		"run --rm --mount type=volume,target=/data oddly /bin/cat /data/file",
		"run --rm -v /data oddly /bin/cat /data/file",
		"run --rm -v vnew:/not/there/yet oddly /bin/stat -c %a%u%g /not/there/yet",
		"run --rm -v vwin:/wanted --tmpfs /memory oddly /bin/find /wanted /memory",
		"run --rm -v vwin:/wanted oddly /bin/sh -c echo|user|>/wanted/seed;rm|/wanted/other",
		"run --rm -v vwin:/wanted oddly /bin/sh -c cat|/wanted/*",
		"run --rm -v vfile:/data/file oddly /bin/true",
		"run --rm -v vnest:/memory --tmpfs /memory/y oddly /bin/sh -c touch|/memory/x|/memory/y/z;find|/memory",
		"run --rm --tmpfs /memory -v vnest:/memory/a --tmpfs /memory/a/b oddly /bin/sh -c touch|/memory/x|/memory/a/y|/memory/a/b/z;find|/memory",
		"run --rm --volume-driver local -v vdriven:/data oddly /bin/cat /data/file",
		"run --rm -v relative oddly /bin/true",
		"run --rm -v vol:relative oddly /bin/true",
		"run --rm -v .:relative oddly /bin/true",
		"run --rm -v .:/x:ro oddly /bin/find /x -name volume_docker_test.go",
		"run --rm -v ../tutor:/x:ro oddly /bin/find /x -name volume_docker_test.go",
		"run --rm -v ~/x:/x oddly /bin/true",
		"run --rm --mount type=bind,src=.,dst=/x,readonly oddly /bin/find /x -name volume_docker_test.go",
		"run --rm --mount type=bind,src=tutor,dst=/x oddly /bin/true",
		"run --rm --tmpfs relative oddly /bin/true",
		"run --rm -v vol:/x:odd oddly /bin/true",
		"run --rm -v a/b:/x oddly /bin/true",
		"run --rm -v vol:/x:ro:z oddly /bin/true",
		"run --rm -v vol:/x --mount src=vol,dst=/x oddly /bin/true",
		"run --rm --mount type=bind,src=/not/there,dst=/x oddly /bin/true",
		"run --rm --mount type=odd,dst=/x oddly /bin/true",
		"run --rm -v ROOT/made/deep:/x oddly /bin/find /x",
		"run --name vkeep -v vol:/x oddly /bin/true",
		"volume rm vol",
		"volume rm -f vol vbare",
		"volume ls --filter dangling=true -f name=v",
		"volume ls -q -f dangling=false -f name=vol",
	} {
		args := strings.Fields(line)
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "|", " ")
			if args[0] == "volume" {
				args[i] = strings.ReplaceAll(args[i], " ", "|")
			}
		}
		if args[0] == "run" {
			args = slices.Insert(args, 1, "--network", "none")
		}
		t.Run(line, func(t *testing.T) {
			want := plain(command(t, asked(docker, under(args, theirs)...)), theirs, line)
			got := plain(tutor(t, under(args, filepath.Join(home, "root"))...), filepath.Join(home, "root"), line)
			require.Equal(t, want, got)
		})
	}
	for _, name := range []string{"vdata", "vlink", "vesc", "vdang", "vinner", "vouter", "vmount", "vnew"} {
		require.Equal(t, filesIn(t, filepath.Join(theirs, "volumes", name, "_data")), filesIn(t, volumeData(name)), name)
	}
}

func asked(docker []string, args ...string) *exec.Cmd {
	cmd := exec.Command("docker", args...)
	cmd.Env = docker
	return cmd
}

func under(args []string, root string) []string {
	args = slices.Clone(args)
	for i := range args {
		args[i] = strings.ReplaceAll(args[i], "ROOT", root)
	}
	return args
}

var (
	anyID       = regexp.MustCompile(`\b[0-9a-f]{64}\b`)
	when        = regexp.MustCompile(`"CreatedAt": "[^"]*"`)
	onlyOurs    = regexp.MustCompile(`(?m)^tutor: hint: .*\n|^\n|^Run 'docker run --help'.*\n|^Usage: .*\n|^WARNING: The requested image's platform .*\n`)
	speaker     = regexp.MustCompile(`(?m)^(docker: |tutor: )?(Error response from daemon: )?`)
	theirDetail = regexp.MustCompile(`(?m)^source .* is not directory$|^filling volume .* file exists .*$`)
)

// plain is an answer without what two programs must say differently.
func plain(r run, root, line string) run {
	for _, text := range []*string{&r.stdout, &r.stderr} {
		*text = strings.ReplaceAll(*text, root, "ROOT")
		*text = when.ReplaceAllString(anyID.ReplaceAllString(*text, "ID"), "CreatedAt")
	}
	r.stderr = speaker.ReplaceAllString(onlyOurs.ReplaceAllString(r.stderr, ""), "")
	r.stderr = theirDetail.ReplaceAllString(r.stderr, "not a directory")
	r.stderr = strings.ReplaceAll(r.stderr, "Invalid filter", "invalid filter") // Docker's word before version 23
	if strings.Contains(line, "/bin/ls -la") {
		r.stdout = regexp.MustCompile(`(?m)^total .*$|^d.*$`).ReplaceAllString(r.stdout, "")
	}
	if strings.Contains(line, "find") || strings.Contains(line, "cat /wanted/*") {
		lines := strings.Split(r.stdout, "\n")
		slices.Sort(lines)
		r.stdout = strings.Join(lines, "\n")
	}
	return r
}

// filesIn is everything about the files below dir but the times of directories: Docker sets them before it fills
// them, and so in vain.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	out, err := exec.Command("find", dir, "-printf", "%P %y %m %U %G %l ", "(", "-type", "d", "-o", "-printf", "%n %s %T@", ")", "-printf", "\n").Output()
	require.NoError(t, err)
	lines := strings.Split(string(out), "\n")
	slices.Sort(lines)
	return lines
}

// odd is an image with one of everything that a volume can be filled with.
func odd() []entry {
	day := time.Date(2003, 3, 3, 3, 3, 3, 0, time.UTC)
	of := func(h tar.Header, content string) entry {
		h.ModTime = day
		if h.Mode == 0 {
			h.Mode = 0o755
		}
		return entry{&h, content}
	}
	entries := []entry{
		of(tar.Header{Name: "data/", Typeflag: tar.TypeDir, Mode: 0o1750, Uid: 12, Gid: 34}, ""),
		of(tar.Header{Name: "data/file", Typeflag: tar.TypeReg, Mode: 0o4755, Uid: 5, Gid: 6, PAXRecords: map[string]string{"SCHILY.xattr.user.color": "red"}}, "content\n"),
		of(tar.Header{Name: "data/hard", Typeflag: tar.TypeLink, Linkname: "data/file", Mode: 0o4755, Uid: 5, Gid: 6}, ""),
		of(tar.Header{Name: "data/link", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd", Uid: 8}, ""),
		of(tar.Header{Name: "data/fifo", Typeflag: tar.TypeFifo, Mode: 0o640, Uid: 7}, ""),
		of(tar.Header{Name: "data/null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3, Mode: 0o666}, ""),
		of(tar.Header{Name: "data/sub/", Typeflag: tar.TypeDir, Mode: 0o2711, Gid: 9}, ""),
		of(tar.Header{Name: "data/sub/deep", Typeflag: tar.TypeReg, Mode: 0o600}, "deep\n"),
		of(tar.Header{Name: "data/empty/", Typeflag: tar.TypeDir, Mode: 0o500}, ""),
		of(tar.Header{Name: "wanted/seed", Typeflag: tar.TypeReg, Mode: 0o644}, "image\n"),
		of(tar.Header{Name: "wanted/other", Typeflag: tar.TypeReg, Mode: 0o644}, "image\n"),
		of(tar.Header{Name: "canary/inside", Typeflag: tar.TypeReg, Mode: 0o644}, "image\n"),
		of(tar.Header{Name: "way", Typeflag: tar.TypeSymlink, Linkname: "data"}, ""),
		of(tar.Header{Name: "esc", Typeflag: tar.TypeSymlink, Linkname: "../../canary"}, ""),
		of(tar.Header{Name: "dangling", Typeflag: tar.TypeSymlink, Linkname: "nowhere"}, ""),
	}
	for _, name := range []string{"find", "touch", "rm"} {
		entries = append(entries, symlink("bin/"+name, "cat"))
	}
	return entries
}
