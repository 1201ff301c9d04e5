package privileges_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/stretchr/testify/require"

	"tutor/runtime/privileges"
)

// The line by hand makes the same user as the calls, with no group more, one or several.
func TestTheUsersLineCanBeTyped(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: another user")
	}
	if _, err := exec.LookPath("setpriv"); err != nil {
		t.Skip("needs setpriv of util-linux")
	}
	for want, more := range map[string][]uint32{"1000": nil, "1000 10": {10}, "1000 10 20": {10, 20}} {
		line := privileges.User(specs.User{UID: 1000, GID: 1000, AdditionalGids: more}).Shell
		out, err := exec.Command("sh", "-c", strings.Replace(line, "…", "id -G", 1)).CombinedOutput()
		require.NoError(t, err, "%s: %s", line, out)
		require.Equal(t, want+"\n", string(out), line)
	}
}
