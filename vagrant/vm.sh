#!/bin/sh
# The whole chain, as on a laptop: a box, `vagrant up` of the unchanged Vagrantfile, provision.sh twice, and in the machine
# tutor's doctor and a container. The long part, with tests, labs and graders, comes before in the same machine without
# vagrant. Then nothing of it is left but the box, which is made in the folder $1 if it is not there. Emulated on an idle
# computer it takes half an hour, and more when provision.sh has much to compile that has changed since the box was made.
set -eu
box=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")/.."
export PATH=$PATH:/usr/sbin:/sbin CGO_ENABLED=0
export VAGRANT_HOME="$box/home" VAGRANT_DOTFILE_PATH="$box/dot" VAGRANT_CHECKPOINT_DISABLE=1 LIBVIRT_DEFAULT_URI=qemu:///system
export TUTOR_BOX=tutor TUTOR_PORTS=8080 TUTOR_EMULATE=1 # KVM inside a virtual machine may hang in the boot ROM
step() { echo "vm: $(date +%T) $1"; }

# chains ends the daemons that were started here, and takes away what libvirt leaves: its bridge and its firewall chains.
chains() {
	virsh net-destroy vagrant-libvirt >/dev/null 2>&1 || true
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
	rm -rf "$box/home" "$box/dot"
}

[ -e "$box/tutor.box" ] || sh vagrant/box.sh "$box"
sh vagrant/systemd.sh "$box"
trap stop EXIT

# libvirt's daemons, where no systemd starts them; in no cgroups: other tests here make and remove groups.
if ! virsh version >/dev/null 2>&1; then
	grep -q '^cgroup_controllers' /etc/libvirt/qemu.conf || echo 'cgroup_controllers = [ ]' >>/etc/libvirt/qemu.conf
	mkdir -p /run/libvirt
	for daemon in virtlogd libvirtd; do
		$daemon >"$box/$daemon.log" 2>&1 &
		started="$started $!"
	done
	for _ in $(seq 50); do virsh version >/dev/null 2>&1 && break || sleep 0.2; done
fi

step "vagrant up"
vagrant box add --force --name tutor "$box/tutor.box" >/dev/null
timeout 2700 vagrant up --provider=libvirt >"$box/up.log" 2>&1 || { tr '\r' '\n' <"$box/up.log" | grep -v Progress: | tail -20 >&2; exit 1; }

step "provision.sh once more changes nothing"
files='find /usr /etc /boot /var/lib/dpkg -xdev -type f -newer /tmp/before -not -path "*/ld.so.cache"'
vagrant ssh -c 'touch /tmp/before'
timeout 1800 vagrant provision --provision-with provision
changed=$(vagrant ssh -c "sudo $files" -- -T)
[ -z "$changed" ] || { echo "vm: a second provision.sh has changed: $changed" >&2; exit 1; }

step "doctor, a container"
vagrant ssh -c 'uname -r; stat -fc %T /sys/fs/cgroup; systemctl is-system-running; sudo tutor doctor | tail -1' -- -T
hello=$(vagrant ssh -c 'sudo tutor run --rm tutor/lab sh -c "echo I am PID \$\$"' -- -T)
[ "$hello" = "I am PID 1" ] || { echo "vm: tutor/lab said: $hello" >&2; exit 1; }
step "passed"
