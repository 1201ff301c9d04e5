#!/bin/sh
# Run by vagrant/box.sh as root in the new machine's files: what Vagrant expects of a box, tutor, and how it boots. With
# the word "tests", what `make test` needs as well, and solutions of the labs: to compile them emulated takes an hour.
set -eu
echo classroom >/etc/hostname
printf '127.0.0.1 localhost\n127.0.1.1 classroom\n::1 localhost ip6-localhost\n' >/etc/hosts
echo 'LABEL=tutor / ext4 noatime,errors=remount-ro 0 1' >/etc/fstab
printf 'auto lo eth0\niface lo inet loopback\niface eth0 inet dhcp\n' >/etc/network/interfaces
: >/etc/machine-id # each copy of the disk makes its own

# Vagrant's user, with the key that everybody knows; `vagrant up` replaces it at the first start.
useradd -m -s /bin/bash vagrant
echo vagrant:vagrant | chpasswd
echo 'vagrant ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/vagrant
chmod 440 /etc/sudoers.d/vagrant
install -d -m 700 /home/vagrant/.ssh
install -m 600 /root/keys /home/vagrant/.ssh/authorized_keys
chown -R vagrant:vagrant /home/vagrant
echo 'UseDNS no' >/etc/ssh/sshd_config.d/vagrant.conf # a room without internet has no names to ask for

# Go's caches are everybody's here: whoever builds in this machine may be root in it anyway.
export GOMODCACHE=/var/cache/go/mod GOCACHE=/var/cache/go/build GOFLAGS=-modcacherw
cd /home/vagrant/tutor
sh vagrant/provision.sh
printf 'GOMODCACHE=%s\nGOCACHE=%s\nGOFLAGS=%s\n' $GOMODCACHE $GOCACHE $GOFLAGS >>/usr/local/go/go.env
go mod download
export CGO_ENABLED=0
go build ./...
if [ "$1" = tests ]; then
	sh vagrant/provision.sh tests
	go vet ./...
	go test -run '^$' ./... >/dev/null
	for lab in labs/[0-9]-*; do # a box grows: a lab's files come over those of the labs before
		mkdir -p /root/source /root/solutions
		cp "$lab"/solution/*.go /root/source
		(cd /root/source && go build -tags box -o "/root/solutions/${lab#labs/}" ./*.go)
	done
fi
chmod -R a+rwX /var/cache/go

# The host keys would be the same in every copy.
rm -f /etc/ssh/ssh_host_*
cat >/etc/systemd/system/host-keys.service <<'UNIT'
[Unit]
Description=ssh host keys of this copy of the machine
ConditionPathExists=!/etc/ssh/ssh_host_ed25519_key
Before=ssh.service
[Service]
Type=oneshot
ExecStart=/usr/bin/ssh-keygen -A
[Install]
WantedBy=multi-user.target
UNIT
systemctl enable --quiet host-keys.service
# Nothing that wakes up in the middle of a lesson.
systemctl mask --quiet apt-daily.timer apt-daily-upgrade.timer

# A GRUB that knows this one thing by heart; /vmlinuz and /initrd.img are links that each new kernel renews.
mkdir -p /boot/grub
cat >/boot/grub/embedded.cfg <<'GRUB'
set root=(hd0,msdos1)
linux /vmlinuz root=LABEL=tutor ro net.ifnames=0 quiet console=tty0 console=ttyS0
initrd /initrd.img
boot
GRUB
grub-mkimage -O i386-pc -o /boot/grub/core.img -p '(hd0,msdos1)/boot/grub' -c /boot/grub/embedded.cfg biosdisk part_msdos ext2 linux normal
