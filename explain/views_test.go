package explain

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/runtime/program"
	"tutor/runtime/sys"
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

// A namespace that both are in looks the same from both sides, also where other processes cannot be looked at.
func TestWhoSharesTheNamespaceSeesAsMuch(t *testing.T) {
	all, inside := processes(os.Getpid(), os.Getpid())
	require.Equal(t, all, inside)
	require.Positive(t, all)
	var out bytes.Buffer
	long := "lo " + strings.Repeat("veth ", 20)
	Views(&out, Trace{Views: []View{{"network", long, long}}}, NewStyle(false))
	require.NotContains(t, out.String(), "\n    network     ", "no wider than it must be")
	require.Regexp(t, `network +(lo veth .*…)  lo veth .*…\n$`, out.String())
	cut := strings.Split(strings.TrimSpace(strings.TrimPrefix(strings.Split(out.String(), "\n")[2], "    network")), "  ")
	require.Equal(t, cut[0], cut[1])
}

func TestReasonsAreBrokenBetweenWordsOnATerminal(t *testing.T) {
	p := program.Of(program.Op{Name: "uts-ns", Lab: 2, Why: "a command that sets the host name would set that of the whole machine, for all", Calls: []sys.Call{sys.Mkdir("/x", 0o755)}},
		program.Op{Name: "join", Lab: 3}.Leave("not needed where the child was born in its group, which version 2 can do"))
	var out bytes.Buffer
	DryRun(&out, p, NewStyle(false).Marking(2).Within(50))
	require.Contains(t, out.String(), "uts-ns [new in lab 2] a command that sets the\n  host name would set that of the whole machine,\n  for all\n")
	require.Contains(t, out.String(), "join left out: not needed where the child was\n  born in its group, which version 2 can do\n")
	out.Reset()
	DryRun(&out, p, NewStyle(false))
	require.Contains(t, out.String(), "uts-ns a command that sets the host name would set that of the whole machine, for all\n")
}

// Messages are listed below their call: it names only the first of many.
func TestManyMessagesAreListedOnce(t *testing.T) {
	table := sys.Table("tutor")
	fd := &sys.Result{Name: "fd"}
	p := program.Of(program.Op{Name: "firewall", Why: "w", Calls: sys.Ask(fd, sys.Batch(table.New(), table.Delete())...)})
	var out bytes.Buffer
	DryRun(&out, p, NewStyle(false))
	require.Contains(t, out.String(), "sendto(<fd>, [{nlmsg_type=NFNL_MSG_BATCH_BEGIN, nlmsg_flags=NLM_F_REQUEST}, ... 3 more], ")
	require.Contains(t, out.String(), "NFT_MSG_NEWTABLE")
	require.Contains(t, out.String(), "NFT_MSG_DELTABLE")
	out.Reset()
	require.NoError(t, JSONDryRun(&out, p))
	require.Contains(t, out.String(), "{nlmsg_type=NFT_MSG_NEWTABLE, ", "JSON has them all")
}
