package container

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"

	"tutor/runtime/cgroups"
	"tutor/runtime/layers"
	"tutor/runtime/networks"
	"tutor/runtime/ports"
	"tutor/runtime/privileges"
	"tutor/runtime/program"
	"tutor/runtime/terminal"
)

var update = flag.Bool("update", false, "write the goldens anew; then read the difference like prose")

// anID is a container's that no test is about.
const anID = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

// planOf makes a Plan of a host that is all in its arguments.
func planOf(t *testing.T, o Options, layout cgroups.Layout) Plan {
	t.Helper()
	noFiles := func(string) ([]byte, error) { return nil, os.ErrNotExist }
	host := Host{Environ: []string{"PATH=/usr/bin:/bin"}, Hostname: "host", Held: 1<<41 - 1, IPv6: true, Seccomp: true}
	spec, err := o.Spec(anID, v1.Config{Env: []string{"PATH=/bin"}}, host, noFiles)
	require.NoError(t, err)
	p := Plan{Spec: spec, Group: cgroupsGroup(layout, anID, o), Terminal: terminal.NewPair(o.Terminal, terminal.Size{Rows: 24, Columns: 80}),
		Interactive: o.Interactive, Lab: o.Lab, Without: o.Without, Shared: true,
		Root: layers.Root{Layers: []string{"aaaa", "bbbb"}, Base: "/var/lib/tutor/layers", Upper: "../containers/ID/upper", Work: "../containers/ID/work", Target: "../containers/ID/rootfs"}}
	p.Filter, err = privileges.Filter(spec.Linux.Seccomp)
	require.NoError(t, err)
	p.plugExample(o)
	p.Files = layers.Binds{Name: "files", Why: "w", LeftOut: "no image"}
	p.Volumes = layers.Binds{Name: "volumes", Why: "w", LeftOut: "no -v or --mount given"}
	if !o.bare() {
		p.Files.List = []layers.Bind{{Source: "/var/lib/tutor/containers/ID/hosts", Target: "/etc/hosts", File: true}}
		p.Volumes.List = []layers.Bind{{Source: "/srv/data", Target: "/data", ReadOnly: true}}
	}
	return p
}

func programOf(t *testing.T, o Options, layout cgroups.Layout) program.Program {
	t.Helper()
	p, err := planOf(t, o, layout).Program()
	require.NoError(t, err)
	return p
}

func TestEveryProgramKeepsTheOrder(t *testing.T) {
	for _, layout := range []cgroups.Layout{v2, hybrid} {
		for lab := 0; lab <= 7; lab++ {
			o := everything()
			o.Lab = lab
			p := programOf(t, o, layout)
			for _, b := range program.Order {
				first, then := indexOf(p, b.First), indexOf(p, b.Then)
				if first >= 0 && then >= 0 {
					require.Less(t, first, then, "lab %d, %s: %s comes before %s: %s", lab, layout.Version(), b.First, b.Then, b.Why)
				}
			}
		}
	}
}

func TestTheOrderSpeaksOfEntriesThatExist(t *testing.T) {
	p := slices.Concat(programOf(t, everything(), v2), execOf(t, everyExec(v2)), everyStop().Program())
	for _, b := range program.Order {
		require.NotNil(t, p.Find(b.First), "%s is in the order table only", b.First)
		require.NotNil(t, p.Find(b.Then), "%s is in the order table only", b.Then)
		require.NotEmpty(t, b.Why)
	}
}

func TestEveryEntrySaysWhatWhyAndWhere(t *testing.T) {
	seen := map[string]bool{}
	for _, op := range programOf(t, everything(), hybrid) {
		require.False(t, seen[op.Name], "%s stands twice", op.Name)
		seen[op.Name] = true
		require.NotEmpty(t, op.Why, op.Name)
		require.NotEmpty(t, op.Man, op.Name)
		require.Regexp(t, `^[a-z_0-9.]+\([1-8]\)$`, op.Man, op.Name)
		require.Contains(t, []int{1, 2, 3, 4, 5, 6, 7}, op.Lab, op.Name)
		if !op.Runs() {
			require.NotEmpty(t, op.LeftOut, "%s is left out without a reason", op.Name)
		}
	}
}

// Somebody who has typed --without private is not told to type it.
func TestTheStandInSaysWhyItIsLeftOut(t *testing.T) {
	for _, row := range []struct {
		without []string
		shared  bool
		leftOut string
	}{
		{nil, true, "only with --without private"},
		{nil, false, "only with --without private"},
		{[]string{"private"}, false, "/ is not shared on this host: nothing can leak"},
		{[]string{"private"}, true, ""},
	} {
		p := planOf(t, Options{Command: []string{"sh"}, Network: "none", Without: row.without}, v2)
		p.Shared = row.shared
		list, err := p.Program()
		require.NoError(t, err)
		require.Equal(t, row.leftOut, list.Find("stand-in").LeftOut)
	}
}

// A golden is the Program of a lab as a person would read it: names and calls. Its difference is reviewed like
// prose; `go test ./runtime/container -update` writes it.
func TestTheProgramOfEachLab(t *testing.T) {
	for lab := 1; lab <= 7; lab++ {
		o := Options{Command: []string{"sh"}, Network: "none", Lab: lab}
		if lab >= 6 {
			o.Network = networks.Default
		}
		if lab == 7 {
			o.Ports = []ports.Port{{Protocol: "tcp", Container: 80, Host: 8080}}
		}
		golden(t, "lab"+string(rune('0'+lab)), render(programOf(t, o, v2)))
	}
	golden(t, "everything-v2", render(programOf(t, everything(), v2)))
	golden(t, "everything-v1", render(programOf(t, everything(), hybrid)))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, string(want), got, path)
}

func render(p program.Program) string {
	var b strings.Builder
	for _, op := range p {
		if !op.Runs() {
			b.WriteString(op.Name + ": left out: " + op.LeftOut + "\n")
			continue
		}
		b.WriteString(op.Name + " (" + op.By.String() + ")\n")
		for _, c := range op.Calls {
			b.WriteString("    " + c.String() + "\n")
		}
		for _, c := range op.Undo {
			b.WriteString("    undo: " + c.String() + "\n")
		}
	}
	return b.String()
}

func indexOf(p program.Program, name string) int {
	for i := range p {
		if p[i].Name == name {
			return i
		}
	}
	return -1
}
