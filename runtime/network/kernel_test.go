package network_test

import (
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"tutor/runtime/network"
	"tutor/runtime/process"
	"tutor/runtime/program"
	"tutor/runtime/sys"
)

var testNet = network.Net{Table: "tutor-test", Bridge: "br-test", Index: 70001, MAC: []byte{2, 0x42, 1, 2, 3, 4},
	Gateways: []netip.Prefix{netip.MustParsePrefix("10.98.0.1/24"), netip.MustParsePrefix("fd00:98::1/64")}}

// alone runs what follows in a network namespace of its own, which goes with the test.
func alone(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: a network namespace")
	}
	runtime.LockOSThread() // and never unlocked: the thread goes with the goroutine
	require.NoError(t, unix.Unshare(unix.CLONE_NEWNET))
}

func run(t *testing.T, p program.Program) *process.Running {
	t.Helper()
	r, err := process.Start(p, process.Hooks{})
	require.NoError(t, err)
	t.Cleanup(r.Close)
	return r
}

// refused runs a Program that must fail, and returns why.
func refused(t *testing.T, op program.Op) error {
	t.Helper()
	r, err := process.Start(program.Of(op), process.Hooks{})
	require.Error(t, err)
	r.Close()
	return err
}

// here runs a command in the network namespace of this very thread.
func here(t *testing.T, command string) string {
	t.Helper()
	out, err := exec.Command("sh", "-c", command).CombinedOutput()
	require.NoError(t, err, "%s: %s", command, out)
	return string(out)
}

func TestTheFirewallIsWhatItsShellLineMakes(t *testing.T) {
	alone(t)
	list := program.Of(network.Firewall(testNet.Table), network.Bridge(testNet), network.Gateway(testNet), network.Join(testNet), network.On(testNet))
	run(t, list)
	ours := ruleset(t)
	require.Contains(t, ours, "masquerade")
	here(t, "nft flush ruleset && ip link delete br-test")
	require.Empty(t, ruleset(t))
	for _, op := range list {
		here(t, op.Shell)
	}
	require.Equal(t, ruleset(t), ours, "the requests make one table, the lines that do the same by hand another")
}

func ruleset(t *testing.T) string { return here(t, "nft list ruleset") }

func TestANetworkGoesAsItCame(t *testing.T) {
	alone(t)
	before := here(t, "ip -o link; ip -o addr; nft list ruleset")
	r := run(t, program.Of(network.Firewall(testNet.Table), network.Bridge(testNet), network.Gateway(testNet), network.Localnet(testNet),
		network.Deaf(testNet, true), network.Join(testNet), network.On(testNet)))
	require.Regexp(t, regexp.MustCompile(`70001: br-test: .*UP`), here(t, "ip -o link show br-test"))
	require.Contains(t, here(t, "ip -o -4 addr show br-test"), "inet 10.98.0.1/24 brd 10.98.0.255")
	require.Contains(t, here(t, "nft list set inet tutor-test inside4"), "10.98.0.0/24")
	require.NoError(t, r.Undo())
	require.NotContains(t, here(t, "nft list table inet tutor-test"), "br-test")
	run(t, program.Of(network.RemoveFirewall(testNet.Table)))
	require.Equal(t, before, here(t, "ip -o link; ip -o addr; nft list ruleset"))
}

// A tutor that was killed between two steps has done the first; the next one does them all.
func TestWhatIsThereAlreadyIsNoError(t *testing.T) {
	alone(t)
	rest := program.Of(network.Gateway(testNet), network.Join(testNet), network.On(testNet))
	run(t, append(program.Of(network.Firewall(testNet.Table), network.Bridge(testNet)), rest...))
	before := here(t, "ip -o -4 addr show br-test; nft list ruleset")
	run(t, rest)
	require.Equal(t, before, here(t, "ip -o -4 addr show br-test; nft list ruleset"))
	here(t, "nft flush table inet tutor-test")
	require.ErrorIs(t, refused(t, network.FindFirewall(testNet.Table)), unix.ENOENT, "a table without rules is no firewall")
	run(t, append(program.Of(network.Firewall(testNet.Table)), rest...))
	require.Equal(t, before, here(t, "ip -o -4 addr show br-test; nft list ruleset"))
}

func TestARefusedRequestSaysWhatWasAsked(t *testing.T) {
	alone(t)
	run(t, program.Of(network.Bridge(testNet)))
	err := refused(t, network.Bridge(testNet))
	require.ErrorIs(t, err, unix.EEXIST)
	require.Contains(t, err.Error(), `bridge: RTM_NEWLINK{IFLA_IFNAME="br-test", IFLA_ADDRESS=02:42:01:02:03:04, IFLA_LINKINFO.IFLA_INFO_KIND="bridge"} = EEXIST (file exists)`)
	require.ErrorIs(t, refused(t, network.FindFirewall("nonesuch")), unix.ENOENT)
	run(t, program.Of(network.Firewall("tutor-test"), network.FindFirewall("tutor-test")))
}

func TestIntervalsEndAfterTheLastAddress(t *testing.T) {
	for prefix, end := range map[string]string{"10.0.0.0/24": "10.0.1.0", "10.255.255.0/24": "11.0.0.0", "172.16.0.0/12": "172.32.0.0", "fd00::/64": "fd00:0:0:1::"} {
		elements := network.Interval(netip.MustParsePrefix(prefix))
		require.Equal(t, netip.MustParseAddr(end).AsSlice(), elements[1].Key, prefix)
	}
}

func TestEveryRequestPrintsItsAttributes(t *testing.T) {
	var asked []string
	for _, c := range append(network.Bridge(testNet).Calls, network.Gateway(testNet).Calls...) {
		for _, m := range c.Messages {
			asked = append(asked, m.Name)
			require.NotEmpty(t, m.Pairs())
			require.Equal(t, int(m.Bytes()[0]), len(m.Bytes()))
		}
	}
	require.Equal(t, "RTM_NEWLINK RTM_NEWADDR RTM_NEWADDR", strings.Join(asked, " "))
	require.Equal(t, sys.Table("tutor-test"), testNet.Table)
}
