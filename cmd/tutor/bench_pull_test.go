package main_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A puller brings an image from the registry $IMAGE to unpacked layers on the empty file system $DISK. The work is
// not split in the same places: docker and podman unpack while they pull, skopeo leaves all of it to umoci, and
// tutor checks the diff IDs when it pulls and makes the files at the first run. So the sum is what counts. Of
// the four only tutor has its blobs on the disk (fsync) when it says that they are there, and only its sum holds
// the start and the end of a container.
type puller struct {
	name   string
	needs  []string
	daemon string // is there before the clock starts; empty: none
	ready  string // succeeds when the daemon is up
	steps  []string
}

var pullers = []puller{
	{name: "tutor pull + run", steps: []string{
		`$TUTOR pull -q $IMAGE`,
		`$TUTOR run --rm --network none $IMAGE true`}},
	{name: "skopeo + umoci", needs: []string{"skopeo", "umoci"}, steps: []string{
		`skopeo copy -q --src-tls-verify=false docker://$IMAGE oci:$DISK/oci:big`,
		`umoci unpack --image $DISK/oci:big $DISK/bundle`}},
	{name: "podman pull", needs: []string{"podman"}, steps: []string{
		`podman --root $DISK/root --runroot $DISK/run --storage-driver overlay pull -q --tls-verify=false $IMAGE`}},
	{name: "docker pull", needs: []string{"dockerd", "docker"},
		daemon: `exec dockerd --storage-driver overlay2 -H unix://$DISK/docker.sock --data-root $DISK/data --exec-root $DISK/exec \
			--pidfile $DISK/pid --bridge=none --iptables=false --ip-forward=false`,
		ready: `docker -H unix://$DISK/docker.sock version`,
		steps: []string{`docker -H unix://$DISK/docker.sock pull -q $IMAGE`}},
}

// TestPullsAreFast compares, in one run and as ratios, how an image of 180 MB in four layers becomes a tree of
// files by tutor, skopeo with umoci, podman and docker, each with nothing in its store. `make bench` runs it.
func TestPullsAreFast(t *testing.T) {
	if os.Getenv("TUTOR_BENCH") == "" {
		t.Skip("make bench runs it")
	}
	root(t)
	tool(t, "mkfs.ext4")
	image := strings.TrimPrefix(serve(t, "library/big", bigImage(t)), "http://") + "/library/big"
	here := slices.DeleteFunc(slices.Clone(pullers), func(p puller) bool {
		missing := slices.IndexFunc(p.needs, func(name string) bool { _, err := exec.LookPath(name); return err != nil })
		if missing >= 0 {
			fmt.Printf("%-16s left out: no %s here\n", p.name, p.needs[missing])
		}
		return missing >= 0
	})
	times := map[string][][]time.Duration{} // of each round: the steps, and their sum
	for round := range 6 {
		for _, p := range here { // in turns: whatever else the machine does, it does to all
			took := p.cold(t, image)
			if round > 0 { // the first round warms the caches of programs
				times[p.name] = append(times[p.name], took)
			}
		}
	}
	ours := medians(times[pullers[0].name])
	for _, p := range here {
		m := medians(times[p.name])
		fmt.Printf("%-16s median %5.2f s   tutor takes %.2f of it   steps %.2f s\n", p.name, m[0], ours[0]/m[0], m[1:])
	}
	peer := times["skopeo + umoci"]
	if peer == nil {
		t.Skip("needs skopeo and umoci: make deps installs them")
	}
	require.LessOrEqual(t, ours[0], 1.2*medians(peer)[0], "slower than skopeo and umoci")
}

// medians are in seconds: of the sums, then of each step.
func medians(rounds [][]time.Duration) []float64 {
	var all []float64
	for i := range rounds[0] {
		slices.SortFunc(rounds, func(a, b []time.Duration) int { return int(a[i] - b[i]) })
		all = append(all, rounds[len(rounds)/2][i].Seconds())
	}
	return all
}

// cold pulls once, and returns the time of all steps and of each.
func (p puller) cold(t *testing.T, image string) []time.Duration {
	t.Helper()
	disk, gone := newDisk(t)
	defer gone()
	env := append(os.Environ(), "IMAGE="+image, "DISK="+disk, "TUTOR="+binary, "TUTOR_ROOT="+disk+"/root", "TUTOR_RUN="+disk+"/run")
	shell := func(ctx context.Context, line string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "sh", "-c", line)
		cmd.Env = env
		return cmd
	}
	if p.daemon != "" {
		ctx, cancel := context.WithCancel(t.Context())
		defer p.serve(t, shell(ctx, p.daemon), cancel, func() bool { return shell(ctx, p.ready).Run() == nil })()
	}
	took := []time.Duration{0}
	for _, line := range p.steps {
		start := time.Now()
		out, err := shell(t.Context(), line).CombinedOutput()
		took = append(took, time.Since(start))
		took[0] += took[len(took)-1]
		require.NoError(t, err, "%s: %s", line, out)
	}
	return took
}

// serve starts the daemon, waits until it answers, and returns what ends it.
func (p puller) serve(t *testing.T, daemon *exec.Cmd, cancel func(), ready func() bool) (end func()) {
	t.Helper()
	var said bytes.Buffer
	daemon.Stdout, daemon.Stderr = &said, &said
	daemon.Cancel = func() error { return daemon.Process.Signal(unix.SIGTERM) }
	daemon.WaitDelay = 20 * time.Second
	require.NoError(t, daemon.Start())
	ended := make(chan struct{})
	go func() { daemon.Wait(); close(ended) }()
	end = func() { cancel(); <-ended }
	if !assert.Eventually(t, ready, time.Minute, 50*time.Millisecond) {
		end()
		require.FailNow(t, p.name+": the daemon does not answer", said.String())
	}
	return end
}

// newDisk mounts an empty file system. In a directory of the host's it would be the one who comes second who
// pays for the files that were removed after the first: for minutes ext4 looks for an inode that was not just freed.
func newDisk(t *testing.T) (dir string, gone func()) {
	t.Helper()
	base := t.TempDir()
	dir = filepath.Join(base, "disk")
	require.NoError(t, os.Mkdir(dir, 0o755))
	out, err := exec.Command("sh", "-c", `truncate -s 4G "$1.img" && mkfs.ext4 -q -F "$1.img" && mount -o loop "$1.img" "$1"`, "sh", dir).CombinedOutput()
	require.NoError(t, err, string(out))
	return dir, func() {
		require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH))
		require.NoError(t, os.Remove(dir+".img"))
	}
}

// bigImage has the layers of a language and its compiler, each with what it needs of the C library again.
func bigImage(t *testing.T) v1.Image {
	t.Helper()
	var layers []v1.Layer
	for _, include := range []string{"bash,coreutils,dash,python3-minimal", "python3", "gcc", "git,perl"} {
		path := filepath.Join(t.TempDir(), "layer.tar.gz")
		out, err := exec.Command("sh", "-c", `gzip <"$1" >"$2"`, "sh", debianTar(t, include), path).CombinedOutput()
		require.NoError(t, err, string(out))
		layer, err := tarball.LayerFromFile(path, tarball.WithMediaType(types.OCILayer))
		require.NoError(t, err)
		layers = append(layers, layer)
	}
	return imageOf(t, v1.Config{Cmd: []string{"true"}, Env: []string{"PATH=/usr/bin:/bin"}}, layers...)
}
