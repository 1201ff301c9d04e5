package guest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// inACopy runs a script in the checkout, on a copy of this machine's files that is thrown away: an overlay, whose upper
// layer is in memory. flags are for unshare(1). Packages need not be there: installed answers for dpkg-query.
func inACopy(t *testing.T, script string, flags ...string) (string, error) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: namespaces and mounts")
	}
	checkout, err := filepath.Abs("../..")
	require.NoError(t, err)
	cmd := exec.Command("unshare", append(flags, "--mount", "--pid", "--fork", "sh", "-euc", `
		mount -t tmpfs tmpfs /mnt
		mkdir /mnt/upper /mnt/work /mnt/root
		mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
		cd /mnt/root
		for part in sys dev run; do mount --rbind /$part $part; done
		mount -t proc proc proc
		mkdir -p ".$1" && mount --bind "$1" ".$1"
		exec chroot . sh -euc 'cd "$1"; eval "$2"' sh "$@"`, "sh", checkout, script)...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

const installed = `mkdir /said; printf '#!/bin/sh\necho install ok installed\n' >/said/dpkg-query; chmod +x /said/dpkg-query; PATH=/said:$PATH
`

func TestProvisionSaysWhatItWouldHaveFetched(t *testing.T) {
	for what, step := range map[string]struct{ script, complaint, hint string }{
		"packages": {"dpkg --purge --force-all bash-completion >/dev/null 2>&1 || true; rm -f /var/cache/apt/archives/*.deb; sh vagrant/provision.sh",
			"provision: the packages did not come", "provision: hint: is the network there? "},
		"modules": {installed + "export GOMODCACHE=/empty GOFLAGS=-buildvcs=false GOPROXY=https://proxy.golang.org; sh vagrant/provision.sh",
			"provision: tutor was not built", "provision: hint: modules come from proxy.golang.org"},
		"Go": {installed + `mkdir /old; printf '#!/bin/sh\n[ "$1" = env ] && echo go1.19.8 || exit 1\n' >/old/go; chmod +x /old/go; rm -rf /usr/local/go; PATH=/old:$PATH; sh vagrant/provision.sh`,
			"provision: Go 1.", "provision: hint: the network, or a proxy: "},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			out, err := inACopy(t, step.script, "--net")
			require.Error(t, err, out)
			require.Contains(t, out, step.complaint)
			require.Contains(t, out, step.hint)
		})
	}
}

func TestProvisionTwiceChangesNothingTheSecondTime(t *testing.T) {
	out, err := inACopy(t, installed+`sh vagrant/provision.sh >/dev/null 2>&1
		ls /usr/local/bin/tutor /usr/local/share/bash-completion/completions/tutor
		touch /before
		sh vagrant/provision.sh 2>&1 | tail -n 1
		find /usr /etc /boot -xdev -newer /before`)
	require.NoError(t, err, out)
	require.Regexp(t, `^/usr/local/bin/tutor\n/usr/local/share/bash-completion/completions/tutor\n.* can(not)? run here.*\n$`, out, "the doctor's last word, and no file after it")
}
