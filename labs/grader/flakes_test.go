package grader_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/labs"
	"tutor/labs/grader"
)

// TestNoSeedAndNoLoadChangesAVerdict is the slow proof that a verdict is box's and not the moment's: `make flakes`.
func TestNoSeedAndNoLoadChangesAVerdict(t *testing.T) {
	root(t)
	times, _ := strconv.Atoi(os.Getenv("TUTOR_SEEDS"))
	if times == 0 {
		t.Skip("grades every solution and every wrong one many times: make flakes")
	}
	for _, load := range []int{0, runtime.NumCPU()} {
		t.Run(fmt.Sprintf("%d busy processes beside it", load), func(t *testing.T) {
			busy(t, load)
			for i := range grader.Labs {
				t.Run(grader.Labs[i].Name, func(t *testing.T) { sameVerdicts(t, &grader.Labs[i], times) })
			}
		})
	}
}

// busy runs processes that each use two processors for as long as the test lasts.
func busy(t *testing.T, processes int) {
	t.Helper()
	for range processes {
		self, err := os.Executable()
		require.NoError(t, err)
		hog := &exec.Cmd{Path: self, Args: []string{"tutor", "probe", "busy"}}
		require.NoError(t, hog.Start())
		t.Cleanup(func() {
			hog.Process.Kill()
			hog.Wait()
		})
	}
}

// sameVerdicts grades the solution and the wrong solutions of a lab, each with as many seeds. Some go side by side: most of
// the time a check waits.
func sameVerdicts(t *testing.T, lab *grader.Lab, times int) {
	right, err := labs.Solution(lab.Number)
	require.NoError(t, err)
	mutants, err := labs.Mutants(lab.Number)
	require.NoError(t, err)
	t.Run("solution", func(t *testing.T) {
		t.Parallel()
		box := compiled(t, right)
		for range times {
			report := graded(t, grader.Order{Lab: lab, Path: box, Alone: true, Seed: rand.Uint64N(1 << 32)})
			require.Equal(t, lab.Points(), report.Points, story(report))
		}
	})
	for _, m := range mutants {
		t.Run(m.Name, func(t *testing.T) {
			t.Parallel()
			files, err := m.Of(right)
			require.NoError(t, err)
			box := compiled(t, files)
			for range times {
				foundOut(t, m, graded(t, grader.Order{Lab: lab, Path: box, Alone: true, Seed: rand.Uint64N(1 << 32)}))
			}
		})
	}
}

// compiled is the program that the files make.
func compiled(t *testing.T, files labs.Files) string {
	t.Helper()
	dir := folder(t, files)
	build := exec.Command("go", "build", "-o", "box", ".")
	build.Dir, build.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))
	return filepath.Join(dir, "box")
}
