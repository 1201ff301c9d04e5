#!/bin/sh
# The long proof on a stock Debian with systemd and cgroup v2 alone: provision.sh, `make test` in short, every lab, and every grader
# on its solution. The machine's disk is made as a box is, with the tests compiled, and QEMU starts its kernel by itself:
# emulated, vagrant and ssh take more time than what they bring here. Output and exit status come out over serial ports.
set -eu
trap 'exit 130' INT; trap 'exit 143' TERM HUP # or the shell would end without its EXIT
name=systemd
box=$(mkdir -p "$1" && cd "$1" && pwd)
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work" "$box/tests.raw"' EXIT
. vagrant/proof.d/boot.sh

sh vagrant/box.sh "$box" tests
tar -C "$work" --strip-components=2 --wildcards -xf "$box"/base-"${SUITE:-trixie}"-*.tar './boot/vmlinuz-*' './boot/initrd.img-*'

step "a machine"
boot 9000 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 4096 -display none -monitor none -no-reboot -nic user \
	-kernel "$work"/vmlinuz-* -initrd "$work"/initrd.img-* \
	-append "root=/dev/vda1 rw console=ttyS0 quiet panic=-1 mitigations=off net.ifnames=0 systemd.run=\"/bin/sh /home/vagrant/tutor/vagrant/box.d/proof.sh\"" \
	-drive "file=$box/tests.raw,format=raw,if=virtio,cache=unsafe" \
	-serial "file:$work/console" -serial "file:$work/out" -serial "file:$work/status"
