#!/bin/sh
# The proof on arm64, the processor of Apple's laptops: on a Debian of x86-64 QEMU emulates a machine that boots Debian's
# own kernel, and in it runs a cross-built tutor: its trace, held to what strace saw, its doctor, and the labs 1 to 4.
# System calls have other numbers there, some are missing, and structures have other layouts: what is wrong with those
# shows only where they are made. Debian's packages come once, and are kept in the folder $1 (/var/tmp/tutor-arm64); they
# are only unpacked: nothing of arm64 runs on the host, and nothing is added to it.
set -eu
trap 'exit 130' INT; trap 'exit 143' TERM HUP # or the shell would end without its EXIT
name=arm64
cache=${1:-/var/tmp/tutor-arm64}
cache=$(mkdir -p "$cache" && cd "$cache" && pwd)
cd "$(dirname "$0")/.."
export PATH=$PATH:/usr/sbin:/sbin
suite=${SUITE:-trixie}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
. vagrant/proof.d/boot.sh
archive() { (cd "$1" && find . | cpio -o -H newc --quiet -R 0:0); }

# A kernel, and the tools that the labs' own lines call.
packages=linux-image-cloud-arm64,busybox-static,bash,dash,coreutils,util-linux,util-linux-extra,mount,grep,sed
packages=$packages,libc-bin,findutils,diffutils,perl-base,tar,hostname,procps,kmod,iproute2,nftables,strace
debian=$cache/debian-$suite-$(echo "$packages" | cat - vagrant/arm64.sh vagrant/proof.d/pack.sh | cksum | cut -d' ' -f1)
if [ ! -d "$debian" ]; then
	step "Debian $suite for arm64"
	rm -rf "$cache"/debian-*
	root=$work/tree/system
	mkdir -p "$root" "$work/new"
	mmdebstrap --quiet --arch=arm64 --variant=extract --include="$packages" "$suite" "$work/root.tar" "$(sh vagrant/mirror.sh)"
	tar -C "$root" -xf "$work/root.tar"
	release=$(basename "$root"/usr/lib/modules/*)
	depmod -b "$root" "$release"
	sh vagrant/proof.d/pack.sh "$work/tree" "$release" "$root" virtio_blk
	mv "$root/boot/vmlinuz-$release" "$work/new/vmlinuz"
	rm -rf "$root"/boot/* "$root/usr/lib/modules" "$root/usr/share/doc" "$root/usr/share/man" "$root/usr/share/locale"
	archive "$work/tree" >"$work/new/initramfs"
	rm -rf "$work/tree" "$work/root.tar"
	mv "$work/new" "$debian"
fi

step "tutor for arm64"
mkdir -p "$work/tree/system/usr/bin"
export GOARCH=arm64 CGO_ENABLED=0
go build -trimpath -o "$work/tree/system/usr/bin/tutor" ./cmd/tutor
go test -c -o "$work/tree/system/tutor.test" ./cmd/tutor
cp vagrant/proof.d/try.sh "$work/tree/system/try.sh"
install -m 755 vagrant/proof.d/arm64.sh "$work/tree/system/proof"
install -m 755 vagrant/proof.d/init "$work/tree/init"
archive "$work/tree" | cat "$debian/initramfs" - >"$work/initramfs" # the kernel unpacks one after the other

step "a machine"
truncate -s 2G "$work/disk"
mke2fs -q -F -t ext4 "$work/disk"
boot 1800 qemu-system-aarch64 -M virt -cpu cortex-a72 -accel tcg,thread=multi -smp 2 -m 1536 \
	-display none -monitor none -no-reboot -nic none -kernel "$debian/vmlinuz" -initrd "$work/initramfs" \
	-append "console=ttyAMA0 quiet panic=-1 mitigations=off rdinit=/init output=ttyS0 status=ttyS1" \
	-drive "file=$work/disk,format=raw,if=virtio,cache=unsafe" -serial "file:$work/console" \
	-chardev "file,id=out,path=$work/out" -device pci-serial,chardev=out \
	-chardev "file,id=status,path=$work/status" -device pci-serial,chardev=status
