package main_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/networks"
	"tutor/runtime/pace"
)

// kill -9 of command lines and monitors at random moments, while networks come and go and containers are plugged into them.
// Now and then everybody is let finish: then the containers that run can be asked, and the others have left nothing. In the end
// the machine is as it was.
//
// TUTOR_NET_KILLS is how many, TUTOR_SEED replays one.
func TestNothingOfANetworkStaysAfterRandomKills(t *testing.T) {
	h := newMachine(t, "host")
	h.ok("run", "--rm", "--network", "none", "tutor/lab", "true")
	before := h.nothing()
	kills, seed := setting(t, "TUTOR_NET_KILLS", 60), setting(t, "TUTOR_SEED", int(time.Now().UnixNano()>>10))
	t.Logf("TUTOR_SEED=%d", seed)
	random := rand.New(rand.NewPCG(uint64(seed), 0))
	var working []*exec.Cmd
	hit := 0
	for i := range kills {
		for range 2 {
			cmd := h.tutor(strings.Fields(networkLine(random))...)
			require.NoError(t, cmd.Start())
			working = append(working, cmd)
		}
		time.Sleep(time.Duration(random.Int64N(int64(40 * time.Millisecond)))) // the moment, not a wait
		victim := working[len(working)-1-random.IntN(2)]
		if monitors := monitorsOf(h.run); random.IntN(2) == 0 && len(monitors) > 0 {
			syscall.Kill(monitors[random.IntN(len(monitors))], syscall.SIGKILL)
			hit++
		} else {
			victim.Process.Kill()
		}
		if i%20 == 19 || i == kills-1 {
			for _, cmd := range working {
				cmd.Wait()
			}
			working = nil
			h.agree()
		}
	}
	require.NotZero(t, hit, "no monitor was ever hit")
	if all := strings.Fields(h.ok("ps", "-aq")); len(all) > 0 {
		h.ok(append([]string{"rm", "-f"}, all...)...)
	}
	h.ok("network", "prune", "-f")
	require.Equal(t, before, h.nothing())
	require.Empty(t, globbed(t, filepath.Join(h.run, "*", "networks", "*")), "leases")
	require.Empty(t, strangers(nil), "processes")
}

func networkLine(random *rand.Rand) string {
	name, network := fmt.Sprint("c", random.IntN(4)), fmt.Sprint("n", random.IntN(3))
	lines := []string{
		"network create " + network, "network create --internal " + network, "network rm " + network,
		"run -d --name " + name + " --network " + network + " tutor/lab httpd",
		fmt.Sprintf("run -d --name %s --network %s -p %d:80 tutor/lab httpd", name, network, 8080+random.IntN(4)),
		fmt.Sprintf("run -d --rm --name %s -p %d:80 tutor/lab httpd", name, 8080+random.IntN(4)),
		"run --rm --network " + network + " tutor/lab true",
		"network connect " + network + " " + name, "network disconnect " + network + " " + name,
		"restart -t 0 " + name, "stop -t 0 " + name, "rm -f " + name, "rm -f " + name,
	}
	return lines[random.IntN(len(lines))]
}

// agree waits until what tutor says of its networks is what the kernel has: a start whose command line was killed goes on.
func (m machine) agree() {
	m.t.Helper()
	differs := "nothing was compared"
	for deadline := time.Now().Add(pace.Times(20 * time.Second)); differs != ""; time.Sleep(5 * time.Millisecond) {
		require.True(m.t, time.Now().Before(deadline), "%s", differs)
		differs = m.compared()
	}
}

func (m machine) compared() string {
	running := strings.Fields(m.try("ps", "-q", "--no-trunc").stdout)
	leases := globbed(m.t, filepath.Join(m.run, "*", "networks", "*", "*_*"))
	for _, path := range leases {
		address, id, _ := strings.Cut(filepath.Base(path), "_")
		if !strings.Contains(strings.Join(running, " "), id) {
			return fmt.Sprintf("%.12s has %s, and does not run", id, address)
		}
		if !m.reaches(address + ":80") {
			return fmt.Sprintf("%.12s does not answer at %s", id, address)
		}
	}
	cables := m.sh("ip -o link show up type veth")
	if strings.Count(cables, "\n") != len(leases) {
		return fmt.Sprintf("leases: %q, cables: %s", leases, cables)
	}
	rules := m.sh("nft list ruleset")
	if (rules == "") != (len(leases) == 0) {
		return fmt.Sprintf("%d leases, and the firewall is %q", len(leases), rules)
	}
	published := len(regexp.MustCompile(`: 172\.\S+ \. 80`).FindAllString(rules, -1))
	if said := strings.Count(m.try("ps", "--format", "{{.Ports}}").stdout, "0.0.0.0:"); said != published {
		return fmt.Sprintf("ps says that %d ports are published, the firewall %d", said, published)
	}
	return ""
}

// Whoever makes the firewall anew may be killed when its rules are there, and the ports of those who run are not.
func TestAFirewallHalfMadeIsMadeAnew(t *testing.T) {
	h := newMachine(t, "host")
	h.ok("run", "-d", "--name", "web", "-p", "8080:80", "tutor/lab", "httpd")
	answers := func() bool { return h.reaches("127.0.0.1:8080") }
	eventually(t, "it answers", answers)
	table := strings.Fields(h.sh("nft list tables"))[2]
	h.sh("nft flush map inet " + table + " ports-any")
	marker := filepath.Join(globbed(t, filepath.Join(h.run, "*", "networks"))[0], ".mark-"+string(networks.Renewing))
	require.NoError(t, os.WriteFile(marker, nil, 0o600))
	h.ok("run", "--rm", "tutor/lab", "true")
	eventually(t, "it answers again", answers)
	require.NoFileExists(t, marker)
	h.ok("rm", "-f", "web")
}

// Whoever plugs a container into one more network may be killed before it is written down that it is on it.
func TestAContainerPluggedInByHalfIsTakenOff(t *testing.T) {
	h := newMachine(t, "host")
	h.ok("network", "create", "more")
	h.ok("run", "-d", "--name", "web", "tutor/lab", "httpd")
	recipe := globbed(t, filepath.Join(h.root, "containers", "*", "create.json"))[0]
	before, err := os.ReadFile(recipe)
	require.NoError(t, err)
	h.ok("network", "connect", "more", "web")
	inside := func() string { return h.ok("exec", "web", "ip", "-br", "link") }
	require.Contains(t, inside(), "eth1")
	leases := globbed(t, filepath.Join(h.run, "*", "networks", "*", "*_*"))
	require.Len(t, leases, 2)
	id := strings.TrimSpace(h.ok("network", "inspect", "more", "-f", "{{.ID}}"))
	require.NoError(t, os.WriteFile(recipe, before, 0o600)) // as it is when the kill comes in between
	mark := networks.Plugging(networks.Network{ID: id}, filepath.Base(filepath.Dir(recipe)))
	path := filepath.Join(globbed(t, filepath.Join(h.run, "*", "networks"))[0], ".mark-"+string(mark))
	require.NoError(t, os.WriteFile(path, nil, 0o600))
	h.ok("run", "--rm", "--network", "none", "tutor/lab", "true")
	require.NotContains(t, inside(), "eth1")
	require.Len(t, globbed(t, filepath.Join(h.run, "*", "networks", "*", "*_*")), 1)
	require.NoFileExists(t, path)
	h.ok("rm", "-f", "web")
	h.ok("network", "rm", "more")
}
