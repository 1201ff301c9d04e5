package container

import (
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
)

// GHSA-6fw5-f8r9-fgfm: how often heat has slowed a processor down tells what others compute on it.
func TestEveryProcessorsThrottleIsMasked(t *testing.T) {
	host := Host{Held: 1<<41 - 1, Throttles: []string{"/sys/devices/system/cpu/cpu0/thermal_throttle", "/sys/devices/system/cpu/cpu7/thermal_throttle"}}
	spec, err := Options{Command: []string{"true"}}.Spec(NewID(), v1.Config{}, host, files(nil))
	require.NoError(t, err)
	require.Subset(t, spec.Linux.MaskedPaths, host.Throttles)
	require.Contains(t, spec.Linux.MaskedPaths, "/proc/kcore")
}
