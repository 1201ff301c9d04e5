package container

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// imports is the map of the house: which of our packages may use which. What is not said is forbidden.
var imports = map[string][]string{
	"runtime/sys":        {},
	"runtime/program":    {"runtime/sys"},
	"runtime/process":    {"runtime/sys", "runtime/program"},
	"runtime/namespaces": {"runtime/sys", "runtime/program"},
	"runtime/cgroups":    {"runtime/sys", "runtime/program"},
	"runtime/layers":     {"runtime/sys", "runtime/program"},
	"runtime/network":    {"runtime/sys", "runtime/program"},
	"runtime/privileges": {"runtime/sys", "runtime/program"},
	"runtime/terminal":   {"runtime/sys", "runtime/program"},
	"runtime/image":      {},
	"runtime/container": {"runtime/sys", "runtime/program", "runtime/process", "runtime/namespaces", "runtime/cgroups",
		"runtime/layers", "runtime/network", "runtime/privileges", "runtime/terminal", "runtime/image"},
	"explain":      {"runtime/sys", "runtime/program"},
	"labs/toolbox": {"runtime/image"},
	"cmd/tutor": {"explain", "labs/toolbox", "runtime/container", "runtime/image", "runtime/process", "runtime/sys",
		"runtime/terminal"},
}

// plans only say what is to be done; they do not do it, and do not ask the machine.
var plans = []string{"runtime/sys", "runtime/program", "runtime/namespaces", "runtime/cgroups", "runtime/network", "runtime/privileges"}

func TestTheHouseIsBuiltAsTheMapSays(t *testing.T) {
	top := filepath.Join("..", "..")
	files, err := filepath.Glob(filepath.Join(top, "*", "*", "*.go"))
	require.NoError(t, err)
	more, err := filepath.Glob(filepath.Join(top, "*", "*.go"))
	require.NoError(t, err)
	for _, file := range append(files, more...) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		dir, err := filepath.Rel(top, filepath.Dir(file))
		require.NoError(t, err)
		allowed, known := imports[dir]
		require.True(t, known, "%s: the package is not on the map", dir)
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		require.NoError(t, err)
		for _, spec := range parsed.Imports {
			name := strings.Trim(spec.Path.Value, `"`)
			if ours, found := strings.CutPrefix(name, "tutor/"); found {
				require.Contains(t, allowed, ours, "%s imports %s, which the map forbids", file, ours)
			}
			if slices.Contains(plans, dir) {
				require.NotContains(t, []string{"os", "os/exec", "log", "net/http"}, name, "%s: a plan asks nothing and runs nothing", file)
			}
			if name == "unsafe" {
				require.True(t, strings.HasSuffix(file, "_unsafe.go") && dir == "runtime/process", "%s: unsafe belongs to runtime/process/*_unsafe.go", file)
			}
		}
	}
	_, err = os.Stat(filepath.Join(top, "go.mod"))
	require.NoError(t, err)
}
