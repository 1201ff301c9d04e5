#!/bin/sh
# The long proof on a stock Debian with systemd and cgroup v2 alone: the tests that depend on the kernel's cgroups, every
# lab, and every grader on its solution. The machine is the box's disk ($1/tutor.raw), whose kernel QEMU starts by itself:
# emulated, vagrant and ssh take more time than what they bring here. All that runs inside is compiled outside, and comes
# in as a disk that is a tar archive; output and exit status come out over serial ports. The box stays as it is.
set -eu
name=systemd
box=$(cd "$1" && pwd)
cd "$(dirname "$0")/.."
export CGO_ENABLED=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. vagrant/proof.d/boot.sh

step "what is carried in"
mkdir -p "$work/in/solutions" "$work/source"
git ls-files -z | tar --null -T - -c | tar -C "$work/in" -x
go build -o "$work/in/tutor" ./cmd/tutor
go test -c -o "$work/in/cmd/tutor/tutor.test" ./cmd/tutor
for lab in labs/[0-9]-*; do # a box grows: a lab's files come over those of the labs before
	cp "$lab"/solution/*.go "$work/source"
	(cd "$work/source" && go build -tags box -o "$work/in/solutions/${lab#labs/}" ./*.go)
done
tar -C "$work/in" -cf "$work/in.tar" .
tar -C "$work" --strip-components=2 --wildcards -xf "$box"/base-*.tar './boot/vmlinuz-*' './boot/initrd.img-*'

step "a machine"
inside="/bin/sh -c 'mkdir /in && tar -C /in -xf /dev/vdb && exec sh /in/vagrant/box.d/proof.sh'"
boot 3600 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 2048 -display none -monitor none -no-reboot -nic none \
	-kernel "$work"/vmlinuz-* -initrd "$work"/initrd.img-* \
	-append "root=/dev/vda1 rw console=ttyS0 quiet panic=-1 mitigations=off systemd.run=\"$inside\"" \
	-drive "file=$box/tutor.raw,format=raw,if=virtio,snapshot=on" -drive "file=$work/in.tar,format=raw,if=virtio,readonly=on" \
	-serial "file:$work/console" -serial "file:$work/out" -serial "file:$work/status"
