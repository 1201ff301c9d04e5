#!/bin/sh
# Run by systemd as root in the machine of vagrant/systemd.sh, whose second serial port is what the proof says, and the
# third its verdict. What passes is named, what fails is shown; then the machine ends.
cd "$(dirname "$0")/../.."
export HOME=/root TUTOR_BINARY=/usr/local/bin/tutor
failed=0
try() {
	begun=$(date +%s)
	if "$@" >/tmp/said 2>&1; then word=passed; else word=FAILED failed=1; fi
	[ $word = passed ] || { grep -B 40 'This is not what' /tmp/said; tail -20 /tmp/said; }
	echo "$word: $* ($(($(date +%s) - begun)) s)"
}

{
	install tutor $TUTOR_BINARY
	echo "Linux $(uname -r), $(cat /proc/1/comm), $(stat -fc %T /sys/fs/cgroup)"
	try tutor doctor
	cd cmd/tutor
	try ./tutor.test -test.run '^Test(Limits|Version2|DoctorFindsWhatIsThere)'
	cd ../..
	for lab in solutions/*; do
		try tutor lab "${lab#solutions/}" --yes
		try tutor grade "${lab#solutions/}" "$lab"
	done
	cd cmd/tutor
	try ./tutor.test -test.run '^Test(Leaks|AHostThatSharesItsMounts|ExitCodes|TheRoomIsLeftClean|StatsOf|Update|AnUpdate)'
} >/dev/ttyS1 2>&1
echo $failed >/dev/ttyS2
poweroff -ff
