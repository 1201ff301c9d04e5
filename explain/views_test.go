package explain

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// A host may have more interfaces than there is room for; lo, which lab 6 has students look for, is seen on both sides.
func TestTheLoopbackIsSeenHoweverManyBridgesThereAre(t *testing.T) {
	dev := "Inter-|   Receive    |  Transmit\n face |bytes packets|bytes packets\nbr-4903febd8ca4: 0 0\n    lo: 1 1\nbr-0123456789ab: 0 0\nbr-a: 0 0\n  eth0: 1 1\n"
	host := loopbackFirst(dev)
	require.Equal(t, "lo br-0123456789ab br-4903febd8ca4 br-a eth0", host)
	var out bytes.Buffer
	Views(&out, Trace{Views: []View{{"network", host, loopbackFirst("  eth0: 1\n    lo: 1\n")}}}, NewStyle(false))
	require.Regexp(t, `network +lo br-.*…  lo eth0\n`, out.String())
	require.Equal(t, "eth0", loopbackFirst("  eth0: 1\n"))
}
