#!/bin/sh
# The whole chain, as on a laptop: a box, `vagrant up` of the unchanged Vagrantfile by the tutor that macOS and Windows have,
# provision.sh twice, doctor, a container, a folder of the checkout, a port. Then nothing of it is left but the box, which is
# made in the folder $1 if it is not there. vagrant/systemd.sh is the longer proof, of what is in such a machine. Emulated on
# an idle computer it takes five minutes, and more when provision.sh has much to compile that has changed since the box was made.
set -eu
trap 'exit 130' INT; trap 'exit 143' TERM HUP # or the shell would end without its EXIT
box=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")/.."
export PATH=$PATH:/usr/sbin:/sbin CGO_ENABLED=0
export VAGRANT_HOME="$box/home" VAGRANT_DOTFILE_PATH="$box/dot" VAGRANT_CHECKPOINT_DISABLE=1 LIBVIRT_DEFAULT_URI=qemu:///system
export TUTOR_BOX=tutor TUTOR_PORTS=8080 TUTOR_EMULATE=1 # KVM inside a virtual machine may hang in the boot ROM
step() { echo "vm: $(date +%T) $1"; }

# chains ends the daemons that were started here, and takes away what libvirt leaves: its bridge and its firewall chains.
chains() {
	virsh net-destroy vagrant-libvirt >/dev/null 2>&1 || true
	virsh net-undefine vagrant-libvirt >/dev/null 2>&1 || true
	for pid in $started; do kill "$pid" && wait "$pid" || true; done 2>/dev/null
	for table in "iptables filter" "iptables nat" "iptables mangle" "ip6tables filter" "ip6tables nat" "ip6tables mangle"; do
		tables="${table% *} -w -t ${table#* }"
		rules=$($tables -S 2>/dev/null | grep LIBVIRT || true)
		echo "$rules" | sed -n 's/^-A \(.* -j LIBVIRT.*\)/-D \1/p' | while read -r rule; do $tables $rule; done
		for flag in -F -X; do
			for chain in $(echo "$rules" | sed -n 's/^-N //p'); do $tables $flag "$chain"; done
		done
	done
	nft list tables | grep -vxF "$tables_before" | while read -r _ family name; do # those that iptables has made on the way
		nft list table "$family" "$name" | grep -qvE '^\s*(table .*|chain .*|type .* hook .*|\}|)$' || nft delete table "$family" "$name"
	done
}

started= tables_before=$(nft list tables)
stop() {
	step "away with it"
	timeout 120 vagrant destroy -f >/dev/null 2>&1 || true
	virsh vol-list default 2>/dev/null | awk '/^ *tutor_vagrant_box_image/ {print $1}' | while read -r volume; do
		virsh vol-delete "$volume" default >/dev/null || true
	done
	[ -z "$started" ] || chains
	[ ! -e "$box/qemu.conf" ] || mv "$box/qemu.conf" /etc/libvirt/qemu.conf
	rm -rf "$box/home" "$box/dot" "$box/laptop" "$box/said"
}

[ -e "$box/tutor.box" ] || sh vagrant/box.sh "$box"
trap stop EXIT

# libvirt's daemons, where no systemd starts them; in no cgroups: other tests here make and remove groups.
if ! virsh version >/dev/null 2>&1; then
	cp -a /etc/libvirt/qemu.conf "$box/qemu.conf"
	grep -q '^cgroup_controllers' /etc/libvirt/qemu.conf || echo 'cgroup_controllers = [ ]' >>/etc/libvirt/qemu.conf
	mkdir -p /run/libvirt
	for daemon in virtlogd libvirtd; do
		$daemon >"$box/$daemon.log" 2>&1 &
		started="$started $!"
	done
	for _ in $(seq 50); do virsh version >/dev/null 2>&1 && break || sleep 0.2; done
fi

# laptop is tutor as macOS and Windows have it, built for this computer: its test's binary, started so.
go test -c -o "$box/laptop" ./vagrant/guest
laptop() { SUDO_USER= STAND_IN=none "$box/laptop" "$@"; }
wrong() { echo "vm: $1" >&2; exit 1; }

step "tutor run, at a terminal: the machine is down, so it asks, and brings it up"
vagrant box add --force --name tutor "$box/tutor.box" >/dev/null
status=0
laptop ps </dev/null || status=$?
[ $status = 125 ] || wrong "without a terminal nobody can be asked: $status"
status=0
echo y | SUDO_USER= STAND_IN=none timeout --foreground 2700 script -qec "'$box/laptop' run --rm tutor/lab sh -c 'echo I am PID \$\$; exit 7'" "$box/up.log" >/dev/null || status=$?
if [ $status != 7 ] || ! grep -q 'I am PID 1' "$box/up.log"; then
	tr '\r' '\n' <"$box/up.log" | grep -v Progress: | tail -20 >&2
	wrong "the container's exit status is not 7: $status"
fi

step "provision.sh once more changes nothing"
files='find /usr /etc /boot /var/lib/dpkg -xdev -type f -newer /tmp/before -not -path "*/ld.so.cache"'
vagrant ssh -c 'touch /tmp/before'
timeout --foreground 1800 vagrant provision --provision-with provision
changed=$(vagrant ssh -c "sudo $files" -- -T)
[ -z "$changed" ] || wrong "a second provision.sh has changed: $changed"

step "doctor"
vagrant ssh -c 'uname -r; stat -fc %T /sys/fs/cgroup; systemctl is-system-running' -- -T
laptop doctor | tail -1

step "a folder of the checkout, a lab, and a port that this computer has as well"
laptop run --rm -v "$PWD/docs:/docs" tutor/lab ls /docs >"$box/said"
ls docs | diff - "$box/said" || wrong "a container does not see docs/"
laptop lab 2-namespaces --yes >"$box/said" || wrong "lab 2: $(tail -5 "$box/said")"
laptop run -d --name web -p 8080:80 tutor/lab httpd >/dev/null
curl -sS --max-time 60 --retry 10 --retry-all-errors --retry-delay 1 http://127.0.0.1:8080/ | grep -q . || wrong "nobody answers at port 8080"
laptop rm -f web
step "passed"
