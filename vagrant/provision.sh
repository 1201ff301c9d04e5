#!/bin/sh
# Makes a Debian or an Ubuntu a place where tutor is built, run and graded, and puts tutor there. Vagrant calls this in
# the classroom's machine; on a bare server: sudo sh vagrant/provision.sh. With the word "tests", which is `make deps`,
# it installs what the tests need, and nothing else. A second run finds everything there and changes nothing.
set -eu
trap 'exit 130' INT; trap 'exit 143' TERM HUP # or the shell would end without its EXIT
cd "$(dirname "$0")/.."
PATH=/usr/local/go/bin:$PATH

classroom="
 ca-certificates  registries and Go's module proxy are who they say they are
 git              the version that tutor says of itself
 make             a student's box may have a Makefile
 gcc              it may be written in C
 libc6-dev        the same
 python3-minimal  or in Python
 strace           what a trace is compared with
 procps           pkill, by which tutor on macOS and Windows ends what runs here
 iproute2         the network by hand: ip, tc, ss
 nftables         its rules: nft
 bash-completion  tutor lab <Tab>
"

tests="
 git              the version that tutor says of itself
 iproute2         ip: networks made by hand, to compare with
 nftables         nft: the same
 curl             asks published ports
 strace           the truth test compares tutor's trace with what strace saw
 mmdebstrap       builds the python image of the tests from packages
 tmux             a terminal that can be looked at
 qemu-system-x86  a small machine with pure cgroup v2
 busybox-static   its userland
 cpio             its initramfs
 kmod             the order of its modules
 crun             to compare with
 runc             to compare with
 gcc              builds the C program to compare with
 libc6-dev        the same
 umoci            unpacks the same images, to compare with
 time             the peak of memory that tutor took
 libxml2-utils    xmllint: the grader's JUnit reports against a schema
 skopeo           reads tutor's store: it is a plain OCI layout
 podman           reads what tutor saves
 docker.io        runs what tutor saves; asked what it would answer
 xz-utils         the small machine's modules may be packed with it
 zstd             or with that
 docker-registry  a registry that wants passwords and tokens
 apache2-utils    htpasswd, for that registry
 bind9-dnsutils   dig asks our name server
bash-completion  Tab writes names, in each shell
zsh              the same
fish             the same
"

lesson="
 chromium                the browser that sees the welcome page and runs a notebook
 chromium-driver         moves it
 mmdebstrap              builds the images of nginx and Jupyter from packages
 debian-archive-keyring  on Ubuntu: Jupyter's are Debian's
 zstd                    packs them
"

machine="
 mmdebstrap             the machine's files, from packages
 fdisk                  its partition
 qemu-utils             its disk
 qemu-system-x86        the machine, emulated where there is no KVM
 vagrant                brings it up, as on a laptop
 vagrant-libvirt        the provider that is free and in Debian
 libvirt-daemon-system  the same
 libvirt-clients        the same
 dnsmasq-base           its network
 rsync                  /vagrant
"

arm64="
 mmdebstrap              the machine's files, from packages
 debian-archive-keyring  on Ubuntu: they are Debian's
 cpio                    its initramfs
 kmod                    the order of its modules
 xz-utils                they are packed
 qemu-system-arm         the machine, emulated
"

fail() {
	echo "provision: $1" >&2
	echo "provision: hint: $2" >&2
	exit 1
}

# packages TABLE: the first word of each line, if it is not there yet.
packages() {
	for p in $(echo "$1" | awk '{print $1}'); do
		dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || echo "$p"
	done
}

# kernel: a stock one for the small machine of the tests; that of the distribution which is meant for virtual machines.
kernel() {
	ls /boot | grep -qE '^vmlinuz-.*-(cloud-[a-z0-9]+|virtual|generic)$' && return
	. /etc/os-release
	case $ID-$(dpkg --print-architecture) in
	debian-amd64) echo linux-image-cloud-amd64 ;;
	ubuntu-amd64) echo linux-image-virtual ;;
	esac
}

# client: Debian has docker's own words in a package apart since 13.
client() {
	. /etc/os-release
	case $ID-${VERSION_ID:-99} in debian-1[3-9] | debian-99) packages docker-cli ;; esac
}

# lists gets what there is. A machine that has just started is often at its own updates, and holds the lock: for the lists apt
# does not wait by itself. Its output goes into the log.
lists() {
	for _ in $(seq 60); do
		apt-get update -qq && return
		tail -n 2 "$log" | grep -q 'Could not get lock\|Unable to lock' || return 1
		sleep 5
	done
	return 1
}

# get PACKAGE...: the programs, and not the services: a second dockerd would change the host's firewall.
get() {
	[ $# -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] || fail "missing: $*" "only root installs packages: sudo make deps"
	echo "provision: installing $*"
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		trap 'rm -f "$policy"' EXIT
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod +x "$policy"
	fi
	log=$(mktemp /tmp/tutor-provision.XXXXXX)
	export DEBIAN_FRONTEND=noninteractive
	if ! { lists && apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"; } >"$log" 2>&1; then
		tail -5 "$log" >&2
		fail "the packages did not come" "is the network there? apt-get update says more; the whole log is $log"
	fi
	rm -f "$log"
}

# put FILE PATH MODE: only if it is another.
put() {
	cmp -s "$1" "$2" || install -D -m "$3" "$1" "$2"
}

# toolchain makes Go at least as new as go.mod asks. Since 1.21 an older Go would fetch it by itself, for each user
# again, and Debian 12's is older than that; so the same download, golang.org/toolchain, is made here once for all.
toolchain() {
	needed=$(awk '$1 == "go" {print $2}' go.mod)
	have=$(cd / && GOTOOLCHAIN=local go env GOVERSION | sed 's/^go//')
	printf '%s\n%s\n' "$needed" "$have" | sort -VC && return
	echo "provision: getting Go $needed; the one here is $have"
	module=golang.org/toolchain@v0.0.1-go$needed.linux-$(dpkg --print-architecture)
	cache=$(mktemp -d)
	if ! (cd "$cache" && GO111MODULE=on GOTOOLCHAIN=local GOFLAGS=-modcacherw GOMODCACHE=$cache go mod download "$module") >&2; then
		rm -rf "$cache"
		fail "Go $needed did not come" "the network, or a proxy: sudo env http_proxy=http://proxy:3128 https_proxy=http://proxy:3128 sh vagrant/provision.sh"
	fi
	rm -rf /usr/local/go
	mv "$cache/$module" /usr/local/go
	rm -rf "$cache"
	chmod 755 /usr/local/go /usr/local/go/bin/* /usr/local/go/pkg/tool/*/* # a module has no programs, by its rules
	ln -sf /usr/local/go/bin/go /usr/local/go/bin/gofmt /usr/local/bin/
}

# build makes tutor, and installs it with what bash completes.
build() {
	new=$(mktemp -d)
	version=${VERSION:-$(git -c safe.directory='*' describe --always --dirty 2>/dev/null || true)}
	if ! CGO_ENABLED=0 go build -buildvcs=false -trimpath -ldflags "-s -w -X main.version=$version" -o "$new/tutor" ./cmd/tutor; then
		rm -rf "$new"
		fail "tutor was not built" "modules come from proxy.golang.org: is the network there, or GOPROXY set?"
	fi
	"$new/tutor" completion bash >"$new/completion"
	put "$new/tutor" /usr/local/bin/tutor 755
	put "$new/completion" /usr/local/share/bash-completion/completions/tutor 644
	rm -rf "$new"
}

case ${1:-} in
tests) get $(packages "$tests") $(client) $(kernel) && exit ;;
lesson) get $(packages "$lesson") && exit ;;   # for make lesson
machine) get $(packages "$machine") && exit ;; # for make vm and make box
arm64) get $(packages "$arm64") && exit ;;     # for make arm64
esac
[ "$(id -u)" = 0 ] || fail "needs root, to install" "sudo sh vagrant/provision.sh"
get $(packages "$classroom") $(command -v go >/dev/null || echo golang-go)
toolchain
build
# The doctor's last word; where that is not good, all of it, with what to type. The labs that can run are not held up.
if report=$(/usr/local/bin/tutor doctor 2>&1); then
	echo "$report" | tail -1
else
	echo "$report" >&2
fi
