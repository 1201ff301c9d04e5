package container

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
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
	"runtime/pace":       {},
	"runtime/flock":      {},
	"runtime/filters":    {},
	"runtime/dump":       {},
	"runtime/network":    {"runtime/sys", "runtime/program"},
	"runtime/ports":      {"runtime/sys", "runtime/program"},
	"runtime/networks":   {"runtime/flock"},
	"runtime/privileges": {"runtime/sys", "runtime/program"},
	"runtime/terminal":   {"runtime/sys", "runtime/program"},
	"runtime/image":      {"runtime/sys", "runtime/filters", "runtime/flock"},
	"runtime/dns":        {},
	"runtime/registry":   {"runtime/sys", "runtime/flock", "runtime/image"},
	"runtime/volumes":    {"runtime/flock", "runtime/layers"},
	"runtime/container": {"runtime/sys", "runtime/program", "runtime/process", "runtime/namespaces", "runtime/cgroups",
		"runtime/layers", "runtime/network", "runtime/ports", "runtime/networks", "runtime/dns", "runtime/privileges", "runtime/terminal", "runtime/image", "runtime/volumes", "runtime/flock", "runtime/dump"},
	"runtime/doctor": {"runtime/sys", "runtime/program", "runtime/process", "runtime/namespaces", "runtime/cgroups",
		"runtime/layers", "runtime/network"},
	"explain":        {"runtime/sys", "runtime/program"},
	"explain/topics": {"runtime/sys", "runtime/program", "explain"},
	"labs":           {"runtime/container", "runtime/flock"},
	"labs/toolbox":   {"runtime/dump", "runtime/image"},
	"labs/contract":  {}, "labs/1-bare-process": {"labs/contract"}, "labs/2-namespaces": {"labs/contract"}, "labs/3-cgroups": {"labs/contract"},
	"labs/4-layers": {"labs/contract"}, "labs/5-image": {"labs/contract"}, "labs/6-network": {"labs/contract"}, "labs/7-ports": {"labs/contract"},
	"labs/grader": {"labs/contract", "labs/1-bare-process", "labs/2-namespaces", "labs/3-cgroups", "labs/4-layers", "labs/5-image", "labs/6-network", "labs/7-ports", "runtime/dump", "runtime/sys", "runtime/program", "runtime/process", "runtime/namespaces", "runtime/cgroups",
		"runtime/layers", "runtime/network", "runtime/privileges"},
	"cmd/tutor": {"runtime/filters", "explain", "explain/topics", "labs", "labs/grader", "labs/toolbox", "runtime/container", "runtime/doctor", "runtime/image", "runtime/layers",
		"runtime/networks", "runtime/ports", "runtime/process", "runtime/program", "runtime/registry", "runtime/sys", "runtime/terminal", "runtime/volumes", "vagrant/guest"},
	"vagrant/guest": {}, // tutor on macOS and Windows: nothing of the runtime is in it
}

// plans only say what is to be done; they do not do it, and do not ask the machine.
var plans = []string{"runtime/sys", "runtime/program", "runtime/namespaces", "runtime/cgroups", "runtime/network", "runtime/ports", "runtime/privileges"}

func TestTheHouseIsBuiltAsTheMapSays(t *testing.T) {
	top := filepath.Join("..", "..")
	for _, file := range sources(t, top) {
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
}

// box tells if a folder holds a student's program, or a part of one: it has a build constraint that keeps it out of tutor.
func box(dir string) bool {
	return slices.Contains([]string{"exercise", "solution"}, filepath.Base(dir)) && filepath.Base(filepath.Dir(filepath.Dir(dir))) == "labs"
}

// sources are the Go files of the house, however deep; folders that the go command passes over aside, and those
// that are modules of their own.
func sources(t *testing.T, top string) []string {
	t.Helper()
	var files []string
	require.NoError(t, filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if d != nil && d.IsDir() && path != top {
			_, none := os.Stat(filepath.Join(path, "go.mod"))
			if none == nil || strings.ContainsAny(d.Name()[:1], "._") || d.Name() == "testdata" || box(path) {
				return filepath.SkipDir
			}
		}
		if filepath.Ext(path) == ".go" {
			files = append(files, path)
		}
		return err
	}))
	require.Contains(t, files, filepath.Join(top, "explain", "topics", "book.go"), "the walk does not reach every level")
	require.FileExists(t, filepath.Join(top, "go.mod"))
	return files
}

// Who looks for something in this package begins with the list in doc.go.
func TestEveryFileOfThisPackageIsInItsMap(t *testing.T) {
	overview, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	var there []string
	for _, file := range files {
		if file != "doc.go" && !strings.HasSuffix(file, "_test.go") {
			there = append(there, file)
		}
	}
	require.ElementsMatch(t, there, regexp.MustCompile(`\w+\.go`).FindAllString(string(overview), -1))
}
