package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

// A finding is one line of `tutor doctor --format json`.
type finding struct{ Name, Needed, Found, Labs, Status, Mend string }

// examine runs the doctor by a piece of shell that first takes something away, in a mount table of its own: there
// $tutor is the program, $args are its arguments, and $dir is an empty directory. It is run twice, because what a
// person reads and what a program reads must be the same.
func examine(t *testing.T, shell string) (findings map[string]finding, verdict string) {
	t.Helper()
	root(t)
	tool(t, "unshare")
	dir := t.TempDir()
	session := func(args string) run {
		cmd := exec.Command("unshare", "--mount", "sh", "-ec", shell)
		cmd.Env = append(os.Environ(), "tutor="+binary, "args="+args, "dir="+dir)
		return command(t, cmd)
	}
	table, lines := session("doctor"), session("doctor --format json")
	findings = map[string]finding{}
	decoder := json.NewDecoder(strings.NewReader(lines.stdout))
	for decoder.More() {
		var f finding
		require.NoError(t, decoder.Decode(&f), lines.stdout)
		findings[f.Name] = f
		if f.Name != "other firewalls" { // a neighbour's may come and go between the two
			require.Regexp(t, `(?m)^`+f.Name+` .* `+f.Labs+` +`+f.Status+`$`, table.stdout)
		}
	}
	require.NotEmpty(t, findings, lines.stderr)
	written := strings.Split(strings.TrimSpace(table.stdout), "\n")
	verdict = written[len(written)-1]
	want := 1
	if verdict == "All seven labs can run here." {
		want = 0
	}
	require.Equal(t, []int{want, want}, []int{table.code, lines.code}, "%s\n%s", verdict, table.stderr)
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left)
	return findings, verdict
}

// The other tests run containers here, so the doctor must find what containers need.
func TestDoctorFindsWhatIsThere(t *testing.T) {
	findings, _ := examine(t, `TUTOR_ROOT=$dir/root TUTOR_RUN=$dir/run exec $tutor $args`)
	for _, f := range findings {
		if f.Labs != "6-7" {
			require.NotEqual(t, "missing", f.Status, "%+v", f)
		}
	}
	require.Equal(t, "works", findings["overlayfs"].Found)
	require.Equal(t, "works", findings["own cgroup"].Found)
}

func TestDoctorSaysWhatIsMissing(t *testing.T) {
	pace.Fast(t)
	for _, c := range []struct {
		claim, shell               string
		name, found, mend, verdict string
	}{
		{"not root", `exec setpriv --reuid 65534 --regid 65534 --clear-groups $tutor $args`,
			"root", "user ID 65534", "sudo tutor doctor", "No lab can run here: missing root, CAP_SYS_ADMIN, CAP_NET_ADMIN."},
		{"root without CAP_SYS_ADMIN", `exec setpriv --bounding-set -sys_admin $tutor $args`,
			"mount namespace", "unshare = EPERM (operation not permitted)", "sudo -i", "Labs 2-7 cannot run here: missing CAP_SYS_ADMIN, "},
		{"root without CAP_NET_ADMIN", `exec setpriv --bounding-set -net_admin $tutor $args`,
			"bridge", "RTM_NEWLINK = EPERM (operation not permitted)", "sudo -i", "Labs 6-7 cannot run here: missing CAP_NET_ADMIN, bridge, veth, "},
		{"no network namespace more", `exec unshare --user --map-root-user sh -ec 'echo 0 > /proc/sys/user/max_net_namespaces; exec $tutor $args'`,
			"net namespace", "unshare = ENOSPC (no space left on device)", "sudo sysctl -w user.max_net_namespaces=10000", "Labs 6-7 cannot run here: missing net namespace, "},
		{"no cgroups", `umount -l /sys/fs/cgroup; exec $tutor $args`,
			"cgroups", "none", "sudo mount -t cgroup2 cgroup2 /sys/fs/cgroup", "Lab 3 cannot run here: missing cgroups, memory controller, "},
		{"cgroups that cannot be written", `for dir in $(awk '$3 ~ /^cgroup/ {print $2}' /proc/mounts); do mount -o remount,bind,ro $dir; done; exec $tutor $args`,
			"own cgroup", "mkdirat = EROFS (read-only file system)", "sudo mount -o remount,rw /sys/fs/cgroup", "Labs 3-7 cannot run here: missing own cgroup."},
		{"a small disk", `mount -t tmpfs -o size=2m none $dir; TUTOR_ROOT=$dir/tutor exec $tutor $args`,
			"disk space", "2.1MB free", "sudo apt-get clean; df -h", "Labs 4-7 cannot run here: missing disk space."},
		{"a disk that cannot be written", `mount -t tmpfs -o ro,size=2g none $dir; TUTOR_ROOT=$dir/tutor exec $tutor $args`,
			"TUTOR_ROOT", "mkdir = EROFS (read-only file system)", "sudo TUTOR_ROOT=/srv/tutor tutor doctor", "No lab can run here: missing TUTOR_ROOT, file system."},
		{"an overlay below TUTOR_ROOT", `mount -t tmpfs none $dir; cd $dir; mkdir lower upper work root; mount -t overlay -o lowerdir=lower,upperdir=upper,workdir=work overlay root; TUTOR_ROOT=$dir/root/tutor exec $tutor $args`,
			"file system", "overlay: mount = EINVAL (invalid argument)", "sudo TUTOR_ROOT=/srv/tutor tutor doctor", "Labs 4-7 cannot run here: missing file system."},
		{"a configuration that cannot be read", `TUTOR_REGISTRY_MIRRORS=nonsense exec $tutor $args`,
			"registry mirrors", `invalid mirror: "nonsense"`, "sudo mkdir -p /etc/tutor", "Lab 5 cannot run here: missing registry mirrors."},
		{"in a container", `exec $tutor run --rm -v $tutor:/tutor tutor/lab /tutor $args`,
			"child", "clone3 = ENOSYS (function not implemented)", "docker run --privileged ", "No lab can run here: missing child, CAP_SYS_ADMIN, "},
		{"in a container without a filter", `exec $tutor run --rm --security-opt seccomp=unconfined -v $tutor:/tutor tutor/lab /tutor $args`,
			"overlayfs", "unshare = EPERM (operation not permitted)", "docker run --privileged ", "Labs 2-7 cannot run here: missing CAP_SYS_ADMIN, "},
	} {
		t.Run(c.claim, func(t *testing.T) {
			tool(t, "setpriv")
			findings, verdict := examine(t, c.shell)
			f := findings[c.name]
			require.Equal(t, "missing", f.Status, "%+v", f)
			require.Contains(t, f.Found, c.found)
			require.Contains(t, f.Mend, c.mend)
			require.Contains(t, verdict, c.verdict)
		})
	}
}

// A kernel without a call: strace answers ENOSYS in its place.
func TestDoctorOnAKernelWithoutAFeature(t *testing.T) {
	pace.Fast(t)
	tool(t, "strace")
	for call, name := range map[string]string{"clone3": "child", "unshare": "uts namespace", "pivot_root": "pivot_root", "move_mount": "volumes"} {
		findings, _ := examine(t, `exec strace -f -o /dev/null -e trace=`+call+` -e inject=`+call+`:error=ENOSYS $tutor $args`)
		require.Equal(t, "missing", findings[name].Status, "%+v", findings[name])
		require.Equal(t, call+" = ENOSYS (function not implemented)", findings[name].Found)
		require.Contains(t, findings[name].Mend, "sudo reboot")
	}
}

func TestDoctorWithoutRootSaysWhoCanSeeMore(t *testing.T) {
	root(t)
	tool(t, "setpriv")
	r := command(t, exec.Command("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", binary, "doctor"))
	require.Equal(t, 1, r.code)
	require.Equal(t, "tutor: hint: only root can look at everything: sudo tutor doctor\n", r.stderr)
	require.Regexp(t, `(?m)^mount namespace .* not looked at: only root can .* note$`, r.stdout)
	require.Regexp(t, `(?m)^kernel .* ok$`, r.stdout)
}

func TestDoctorPrintsAsItIsAsked(t *testing.T) {
	r := tutor(t, "doctor", "--format", `table {{.Name}}\t{{.Status}}`)
	require.Regexp(t, `^NAME +STATUS\nkernel +(ok|missing)\n`, r.stdout)
	r = tutor(t, "doctor", "--format", "{{.Name}}: {{.Needed}}")
	require.Regexp(t, `^kernel: Linux 5.14 or newer\nroot: user ID 0\n`, r.stdout)
	r = tutor(t, "doctor", "--format", "{{.Nonesuch}}")
	require.Contains(t, r.stderr, "tutor: template parsing error: ")
	require.Equal(t, 1, r.code)

	tool(t, "script")
	onTerminal := exec.Command("script", "-qec", binary+" doctor", "/dev/null")
	onTerminal.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=")
	require.Regexp(t, "(?m)^kernel .* \x1b\\[3[12]m(ok|missing)\x1b\\[0m\r?$", command(t, onTerminal).stdout)
	onTerminal = exec.Command("script", "-qec", binary+" doctor", "/dev/null")
	onTerminal.Env = append(os.Environ(), "TERM=xterm", "NO_COLOR=1")
	require.Regexp(t, `(?m)^kernel .* (ok|missing)\r?$`, command(t, onTerminal).stdout)
}

// What another firewall drops, ours cannot let through: doctor says whose it is, and what to add to it.
func TestDoctorNamesTheFirewallThatIsInTheWay(t *testing.T) {
	tool(t, "nft")
	tool(t, "iptables")
	for claim, c := range map[string]struct{ rules, found, mend string }{
		"none":      {"true", "none", ""},
		"a policy":  {"nft 'table inet mine { chain f { type filter hook forward priority 0; policy drop; }; }'", "table inet mine, chain f: policy drop", "sudo nft insert rule inet mine f iifname tutor0 accept && "},
		"iptables":  {"iptables -P FORWARD DROP", "table ip filter, chain FORWARD: policy drop", "sudo iptables -I FORWARD -i tutor0 -j ACCEPT && "},
		"docker":    {"iptables -P FORWARD DROP; iptables -N DOCKER-USER", "table ip filter, chain FORWARD: policy drop", "sudo iptables -I DOCKER-USER -i tutor0 -j ACCEPT && "},
		"ufw":       {"iptables -P FORWARD DROP; iptables -N ufw-before-forward", "table ip filter, chain FORWARD: policy drop", "sudo ufw route allow in on tutor0 && "},
		"firewalld": {"nft 'table inet firewalld { chain filter_FORWARD { type filter hook forward priority 10; }; }'", "firewalld", "sudo firewall-cmd "},
		"our own":   {"nft 'table inet tutor { chain passing { type filter hook forward priority 0; }; }'", "none", ""},
	} {
		t.Run(claim, func(t *testing.T) {
			findings, _ := examine(t, `export tutor args dir; exec unshare --net sh -ec "`+strings.ReplaceAll(c.rules, `"`, `\"`)+`; TUTOR_ROOT=$dir/root TUTOR_RUN=$dir/run exec $tutor $args"`)
			f := findings["other firewalls"]
			require.Equal(t, c.found, f.Found)
			require.Equal(t, c.mend == "", f.Mend == "")
			require.Contains(t, f.Mend, c.mend)
		})
	}
}
