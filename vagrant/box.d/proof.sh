#!/bin/sh
# Run by systemd as root in the machine of vagrant/systemd.sh, whose second serial port is what the proof says, and the
# third its verdict. Then the machine ends.
cd "$(dirname "$0")/../.."
export HOME=/root PATH=/usr/local/go/bin:$PATH
export TMPDIR=/var/tmp # /tmp is memory there, and limits and counters of disks want a disk
export PATIENCE=100m SHORT=-short # for make test: an emulated processor takes ten times as long
. vagrant/proof.d/try.sh

{
	ifup eth0 >/dev/null
	echo "Linux $(uname -r), $(cat /proc/1/comm), $(stat -fc %T /sys/fs/cgroup)"
	try tutor doctor
	for lab in /root/solutions/*; do
		try tutor lab "${lab##*/}" --yes
		try tutor grade "${lab##*/}" "$lab"
	done
	make test || failed=1
} >/dev/ttyS1 2>&1
echo $failed >/dev/ttyS2
poweroff -ff
