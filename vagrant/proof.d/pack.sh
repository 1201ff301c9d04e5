#!/bin/sh
# The beginning of a small machine's initramfs, as the folder $1: busybox, the modules that containers need of the kernel
# $2, in their order, and users. The kernel's modules and busybox are those of the root $3; $4 are modules more, by name.
# proof.d/init is its /init, and finds in /system what the machine goes on with.
set -eu
tree=$1 release=$2 root=${3:-/}
export PATH=$PATH:/usr/sbin:/sbin

# What containers ask of a kernel that has little built in; on a host with udev or systemd it loads them itself.
modules="overlay veth bridge nf_tables nft_chain_nat nft_ct nft_fib_inet nft_masq nft_nat ${4:-}"

mkdir -p "$tree/bin" "$tree/proc" "$tree/root" "$tree/modules" "$tree/system/etc"
cp "$root/bin/busybox" "$tree/bin/busybox"
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$tree/system/etc/passwd"
printf 'root:x:0:\n' >"$tree/system/etc/group"
needed=$(for module in $modules; do modprobe -d "$root" -S "$release" --show-depends "$module"; done)
echo "$needed" | awk '$1 == "insmod" && !seen[$2]++ {print $2}' | while read -r file; do
	name=$(basename "$file" | sed 's/\.ko.*/.ko/')
	case $file in
	*.xz) xz -dc "$file" ;;
	*.zst) zstd -dcq "$file" ;;
	*) cat "$file" ;;
	esac >"$tree/modules/$name"
	echo "/modules/$name"
done >"$tree/modules/order"
