#!/bin/sh
# Builds a box from Debian's packages: the disk of a virtual machine with tutor, its labs, Go and all modules, so that a
# room without internet needs one USB stick. Writes into the folder $1:
#   tutor.box  for `vagrant box add --name tutor tutor.box`, provider libvirt
#   tutor.raw  the same disk, for the tools of VirtualBox, VMware and Hyper-V to convert; it boots by BIOS
# Nothing is emulated and nothing is mounted but /proc, /sys and /dev: the root is a folder, provision.sh runs in it by
# chroot, and mkfs makes a file system of it. $SUITE is Debian's release, $SIZE the disk's. With the word "tests" as $2 it
# writes tests.raw instead, for vagrant/systemd.sh: with all that `make test` needs, compiled.
set -eu
trap 'exit 130' INT; trap 'exit 143' TERM HUP # or the shell would end without its EXIT
out=$(mkdir -p "$1" && cd "$1" && pwd) what=${2:-tutor}
cd "$(dirname "$0")/.."
export PATH=$PATH:/usr/sbin:/sbin
suite=${SUITE:-trixie} size=${SIZE:-8G} root=$out/root

for tool in mmdebstrap mkfs.ext4 sfdisk qemu-img; do
	command -v $tool >/dev/null || { echo "box: hint: apt-get install mmdebstrap e2fsprogs fdisk qemu-utils" >&2; exit 1; }
done
[ "$(id -u)" = 0 ] || { echo "box: needs root: sudo make box" >&2; exit 1; }
[ "$(dpkg --print-architecture)" = amd64 ] || { echo "box: makes machines for x86-64 only: GRUB here boots by BIOS" >&2; exit 1; }
step() { echo "box: $(date +%T) $1"; }

# The root changes only when Debian does: it is kept as an archive, with the lists of packages for a quick provision.
packages="linux-image-amd64,initramfs-tools,zstd,systemd-sysv,udev,dbus,libpam-systemd,openssh-server,sudo,ifupdown
dhcpcd-base,iproute2,iputils-ping,rsync,ca-certificates,curl,less,vim-tiny,grub-pc-bin,grub-common"
base=$out/base-$suite-$(echo "$packages" | cksum | cut -d' ' -f1).tar
if [ ! -e "$base" ]; then
	step "Debian $suite"
	rm -f "$out"/base-"$suite"-*
	mmdebstrap --quiet --format=tar --variant=apt --include="$(echo $packages | tr ' ' ,)" --skip=cleanup/apt/lists \
		--aptopt='Acquire::Languages "none"' --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
		"$suite" "$base.part" "$(sh vagrant/mirror.sh)"
	mv "$base.part" "$base"
fi

step "a classroom's machine"
rm -rf "$root" && mkdir -p "$root/home/vagrant/tutor"
[ -n "${KEEP:-}" ] || trap 'rm -rf "$root"' EXIT
tar -C "$root" --numeric-owner -xf "$base"
git ls-files -z | tar --null -T - -c | tar -C "$root/home/vagrant/tutor" -x
cp vagrant/motd "$root/etc/motd"
cat /usr/share/rubygems-integration/all/gems/vagrant-*/keys/vagrant.pub* /opt/vagrant/embedded/gems/gems/vagrant-*/keys/vagrant.pub* \
	>"$root/root/keys" 2>/dev/null || true
[ -s "$root/root/keys" ] || { echo "box: hint: Vagrant's public key is missing: apt-get install vagrant" >&2; exit 1; }
cp vagrant/box.d/inside.sh "$root/root/inside.sh"

# In namespaces of its own: mounts and processes end with it. The host's certificates and resolver serve until then.
unshare --mount --pid --fork sh -euc '
	mount --make-rprivate /
	mount --bind "$1" "$1" # a root that is a mount point, as the doctor expects one
	cd "$1"
	mount -t proc proc proc
	mount --rbind /sys sys
	mount --rbind /dev dev
	mount -t tmpfs tmpfs run
	[ ! -d /etc/ssl/certs ] || mount --bind /etc/ssl/certs etc/ssl/certs
	touch etc/resolv.conf
	mount --bind /etc/resolv.conf etc/resolv.conf
	exec chroot . env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root VERSION="$2" GOPROXY="$3" sh /root/inside.sh "$4"' \
	sh "$root" "$(git describe --always --dirty)" "$(go env GOPROXY 2>/dev/null || true)" "$what"
rm -f "$root/etc/resolv.conf" "$root/root/inside.sh" "$root/root/keys"

step "a disk that boots"
raw=$out/$what.raw
rm -f "$raw" && truncate -s "$size" "$raw"
# One partition at 1 MiB; GRUB lies before it, as grub-install would put it: its first 440 bytes, then the rest.
echo 'start=2048, type=83, bootable' | sfdisk --quiet "$raw"
mkfs.ext4 -q -F -L tutor -O ^metadata_csum_seed,^orphan_file -E offset=1048576,lazy_itable_init=0,nodiscard \
	-d "$root" "$raw" $(($(stat -c %s "$raw") / 1024 - 1024))k
dd if="$root/usr/lib/grub/i386-pc/boot.img" of="$raw" bs=440 count=1 conv=notrunc status=none
dd if="$root/boot/grub/core.img" of="$raw" bs=512 seek=1 conv=notrunc status=none

[ "$what" = tutor ] || exit 0

step "a box"
rm -rf "$out/box" && mkdir "$out/box"
qemu-img convert -f raw -O qcow2 -c -o compression_type=zstd "$raw" "$out/box/box.img"
printf '{"provider": "libvirt", "format": "qcow2", "virtual_size": %d}\n' "${size%G}" >"$out/box/metadata.json"
cp vagrant/box.d/Vagrantfile "$out/box/Vagrantfile"
tar -C "$out/box" -cf "$out/tutor.box" metadata.json Vagrantfile box.img
rm -rf "$out/box"
step "$(du -h "$out/tutor.box" | cut -f1) $out/tutor.box, $(du -h "$raw" | cut -f1) $raw"
