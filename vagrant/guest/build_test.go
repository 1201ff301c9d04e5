package guest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

// Everybody's `go build ./cmd/tutor` makes a tutor. A file of the Linux one that lacks its //go:build line ends that.
func TestTutorBuildsForMacOSAndWindows(t *testing.T) {
	pace.Fast(t) // a compiler is the slowest thing of all
	sources, err := filepath.Glob("*.go")
	require.NoError(t, err)
	sources = slices.DeleteFunc(sources, func(name string) bool { return strings.HasSuffix(name, "_test.go") })
	for _, target := range [][2]string{{"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"}} {
		t.Run(target[0]+" "+target[1], func(t *testing.T) {
			program := filepath.Join(t.TempDir(), "tutor")
			for _, args := range [][]string{{"build", "-o", program, "tutor/cmd/tutor"}, append([]string{"vet"}, sources...)} {
				cmd := exec.Command("go", args...)
				cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+target[0], "GOARCH="+target[1])
				out, err := cmd.CombinedOutput()
				require.NoError(t, err, "go %v\n%s", args, out)
			}
			info, err := os.Stat(program)
			require.NoError(t, err)
			require.Less(t, info.Size(), int64(8_000_000), "a program that only passes words on")
		})
	}
}

func TestEveryFileOfTheLinuxTutorSaysSo(t *testing.T) {
	sources, err := filepath.Glob("../../cmd/tutor/*.go")
	require.NoError(t, err)
	require.NotEmpty(t, sources)
	for _, path := range sources {
		if strings.HasSuffix(path, "_test.go") || filepath.Base(path) == "main_other.go" {
			continue
		}
		content, err := os.ReadFile(path)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(content), "//go:build linux\n"), "%s: its first line is to be //go:build linux", path)
	}
}
