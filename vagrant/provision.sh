#!/bin/sh
# Installs what tutor's tests need from Debian's or Ubuntu's packages. Running tutor needs none of it. A second
# run finds everything there and changes nothing.
set -eu

packages="
 git              the version that tutor says of itself
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
 docker-registry  a registry that wants passwords and tokens
 apache2-utils    htpasswd, for that registry
"

missing=
for p in $(echo "$packages" | awk '{print $1}'); do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'ok installed' || missing="$missing $p"
done

# A stock kernel for the small machine; the one of the distribution that is meant for virtual machines.
if ! ls /boot | grep -qE '^vmlinuz-.*-(cloud-[a-z0-9]+|virtual|generic)$'; then
	. /etc/os-release
	case $ID-$(dpkg --print-architecture) in
	debian-amd64) missing="$missing linux-image-cloud-amd64" ;;
	ubuntu-amd64) missing="$missing linux-image-virtual" ;;
	esac
fi

[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
	echo "provision: missing:$missing" >&2
	echo "provision: hint: sudo make deps" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive

# The programs, and not the services: a second dockerd would change the host's firewall.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
	trap 'rm -f "$policy"' EXIT
	printf '#!/bin/sh\nexit 101\n' >"$policy"
	chmod +x "$policy"
fi
echo "provision: installing$missing"
if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends $missing; } >/tmp/tutor-provision.log 2>&1; then
	tail -5 /tmp/tutor-provision.log >&2
	echo "provision: hint: is the network there? apt-get update says more; the whole log is /tmp/tutor-provision.log" >&2
	exit 1
fi
