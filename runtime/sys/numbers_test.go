package sys

import (
	"flag"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the tables of numbers anew")

// The numbers of the machine's own calls are in x/sys already, but only as constants, and those of its other ABI not at all.
// They are the kernel's for good; what a newer kernel adds comes with a newer x/sys, and -update.
func TestTheNumbersAreTheKernels(t *testing.T) {
	for machine, abis := range map[string][]abi{
		"amd64": {{"SCMP_ARCH_X86_64", "AUDIT_ARCH_X86_64", "amd64"}, {"SCMP_ARCH_X86", "AUDIT_ARCH_I386", "386"}},
		"arm64": {{"SCMP_ARCH_AARCH64", "AUDIT_ARCH_AARCH64", "arm64"}, {"SCMP_ARCH_ARM", "AUDIT_ARCH_ARM", "arm"}},
	} {
		file := "numbers_" + machine + ".go"
		want := numbersFile(t, abis)
		if *update {
			require.NoError(t, os.WriteFile(file, want, 0o644))
		}
		have, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(want), string(have), "go test ./runtime/sys -update writes %s anew", file)
	}
}

type abi struct{ arch, audit, goarch string }

func numbersFile(t *testing.T, abis []abi) []byte {
	t.Helper()
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "golang.org/x/sys/unix").Output()
	require.NoError(t, err)
	var b strings.Builder
	b.WriteString("package sys\n\nimport \"golang.org/x/sys/unix\"\n\n// ABIs are this machine's own, and that of the smaller machine's programs.\nvar ABIs = []ABI{\n")
	for _, a := range abis {
		fmt.Fprintf(&b, "\t{%q, unix.%s, []Numbered{", a.arch, a.audit)
		source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "zsysnum_linux_"+a.goarch+".go"))
		require.NoError(t, err)
		width := 1000 // the first row begins a line
		for _, m := range regexp.MustCompile(`(?m)^\tSYS_(\w+) += (\d+)$`).FindAllStringSubmatch(string(source), -1) {
			if m[1] == "SYSCALL_MASK" {
				continue
			}
			row := fmt.Sprintf("{%q, %s},", strings.ToLower(m[1]), m[2])
			if width += len(row) + 1; width > 110 {
				b.WriteString("\n\t\t")
				width = len(row)
			} else {
				b.WriteString(" ")
			}
			b.WriteString(row)
		}
		b.WriteString("\n\t}},\n")
	}
	b.WriteString("}\n")
	source, err := format.Source([]byte(b.String()))
	require.NoError(t, err)
	return source
}
