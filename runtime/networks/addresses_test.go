package networks

import (
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSubnetsThatCannotBeHad(t *testing.T) {
	for text, want := range map[string]error{
		"10.5.0.0/24": nil, "10.5.0.0/30": nil, "10.5.0.0/31": ErrSmall, "10.5.0.1/32": ErrSmall,
		"127.0.0.0/24": ErrReserved, "0.0.0.0/8": ErrReserved, "0.0.0.0/0": ErrReserved, "64.0.0.0/2": ErrReserved, "224.0.7.0/24": ErrReserved, "239.1.0.0/16": ErrReserved,
		"169.254.77.0/24": nil, "240.1.0.0/24": nil, // the kernel takes them for addresses like others
		"fd77::/64": nil, "fd77::/126": nil, "fd77::/127": ErrSmall, "fd77::1/128": ErrSmall,
		"::1/128": ErrReserved, "::/96": ErrReserved, "fe80::/64": ErrReserved, "ff05::/64": ErrReserved, "::ffff:10.0.0.0/120": ErrReserved,
	} {
		n := Network{Subnet: netip.MustParsePrefix(text)}
		if n.Subnet.Addr().Is6() {
			n.Subnet, n.Subnet6 = netip.Prefix{}, n.Subnet
		}
		_, err := n.Draft(nil)
		require.ErrorIs(t, err, want, text)
	}
	n, err := Network{Subnet6: netip.PrefixFrom(netip.IPv6Unspecified(), 0)}.Draft(nil)
	require.NoError(t, err)
	require.Equal(t, 64, n.Subnet6.Bits(), "that one is left open")
}
