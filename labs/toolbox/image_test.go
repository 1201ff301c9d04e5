package toolbox

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// Who types `go build` where gcc is gets a tutor that needs the C library's loader, as /bin/sh does.
func TestAProgramThatNeedsALoaderIsNoImage(t *testing.T) {
	shell, err := os.Open("/bin/sh")
	require.NoError(t, err)
	defer shell.Close()
	require.ErrorContains(t, standsAlone(shell), "this tutor was linked with the C library, which no container has")

	loaderless := make([]byte, 64)
	copy(loaderless, "\x7fELF\x02\x01\x01")
	loaderless[16], loaderless[18], loaderless[20], loaderless[52], loaderless[54], loaderless[58] = 2, 62, 1, 64, 56, 64
	static, err := os.CreateTemp(t.TempDir(), "")
	require.NoError(t, err)
	defer static.Close()
	_, err = static.Write(loaderless)
	require.NoError(t, err)
	require.NoError(t, standsAlone(static), "the control: a program of no parts at all")
}
