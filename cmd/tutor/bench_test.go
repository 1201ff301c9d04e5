package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"archive/tar"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"github.com/stretchr/testify/require"
)

// TestStartsAreFast compares, in one run and as ratios, the start of a static `true` by tutor, crun, runc, and
// a C program that makes the bare calls. `make bench` runs it.
func TestStartsAreFast(t *testing.T) {
	if os.Getenv("TUTOR_BENCH") == "" {
		t.Skip("make bench runs it")
	}
	root(t)
	dir := t.TempDir()
	bundle := bundleOf(t, dir)
	mirror := serve(t, "library/true", trueImage(t, filepath.Join(bundle, "rootfs", "true")))
	pull := exec.Command(binary, "pull", "-q", "true")
	pull.Env = append(os.Environ(), "TUTOR_REGISTRY_MIRRORS="+mirror)
	out, err := pull.CombinedOutput()
	require.NoError(t, err, string(out))
	n := 0
	id := func() string { n++; return fmt.Sprintf("tutor-bench-%d-%d", os.Getpid(), n) }
	contenders := []struct {
		name    string
		command func() *exec.Cmd
		times   []time.Duration
	}{
		{"tutor", func() *exec.Cmd { return exec.Command(binary, "run", "--rm", "--network", "none", "true") }, nil},
		{"crun", func() *exec.Cmd { return exec.Command("crun", "run", "--bundle", bundle, id()) }, nil},
		{"runc", func() *exec.Cmd { return exec.Command("runc", "run", "--bundle", bundle, id()) }, nil},
		{"bare calls in C", func() *exec.Cmd {
			return exec.Command(filepath.Join(dir, "bare"), filepath.Join(bundle, "rootfs"), "/true")
		}, nil},
	}
	for round := range 110 {
		for i := range contenders { // in turns: whatever else the machine does, it does to all
			cmd := contenders[i].command()
			start := time.Now()
			out, err := cmd.CombinedOutput()
			took := time.Since(start)
			require.NoError(t, err, "%s: %s", contenders[i].name, out)
			if round >= 10 { // the first rounds warm the caches
				contenders[i].times = append(contenders[i].times, took)
			}
		}
	}
	median := func(times []time.Duration) time.Duration { slices.Sort(times); return times[len(times)/2] }
	ours := median(contenders[0].times)
	for _, c := range contenders {
		m := median(c.times)
		fmt.Printf("%-16s median %6.2f ms   tutor takes %.2f of it\n", c.name, float64(m.Microseconds())/1000, float64(ours)/float64(m))
	}
	require.LessOrEqual(t, float64(ours), 1.1*float64(median(contenders[1].times)), "slower than crun")
}

// bundleOf makes what crun and runc run: a root with one static program, and Docker's usual config.
func bundleOf(t *testing.T, dir string) string {
	t.Helper()
	for _, name := range []string{"gcc", "crun", "runc"} {
		tool(t, name)
	}
	bundle := filepath.Join(dir, "bundle")
	rootfs := filepath.Join(bundle, "rootfs")
	for _, d := range []string{"proc", "dev", "sys", "etc"} {
		require.NoError(t, os.MkdirAll(filepath.Join(rootfs, d), 0o755))
	}
	for source, program := range map[string]string{"true.c": filepath.Join(rootfs, "true"), "bare.c": filepath.Join(dir, "bare")} {
		out, err := exec.Command("gcc", "-O2", "-static", "-o", program, "testdata/bench/"+source).CombinedOutput()
		require.NoError(t, err, string(out))
	}
	spec := exec.Command("runc", "spec")
	spec.Dir = bundle
	out, err := spec.CombinedOutput()
	require.NoError(t, err, string(out))
	path := filepath.Join(bundle, "config.json")
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	var config map[string]any
	require.NoError(t, json.Unmarshal(content, &config))
	process := config["process"].(map[string]any)
	process["args"], process["terminal"] = []string{"/true"}, false
	delete(process, "rlimits")
	content, err = json.Marshal(config)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, content, 0o644))
	return bundle
}

// trueImage is the same program as an image.
func trueImage(t *testing.T, program string) v1.Image {
	t.Helper()
	content, err := os.ReadFile(program)
	require.NoError(t, err)
	var layer bytes.Buffer
	w := tar.NewWriter(&layer)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "true", Mode: 0o755, Size: int64(len(content)), Typeflag: tar.TypeReg}))
	_, err = w.Write(content)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	img, err := mutate.AppendLayers(empty.Image, static.NewLayer(layer.Bytes(), types.DockerUncompressedLayer))
	require.NoError(t, err)
	img, err = mutate.Config(img, v1.Config{Cmd: []string{"/true"}})
	require.NoError(t, err)
	return img
}
