#!/bin/sh
# The main job, on the built-in image: no network is needed.
set -eu
tutor=$1

if [ "$(id -u)" != 0 ]; then
	if ! sudo -n true 2>/dev/null && [ ! -t 0 ]; then
		echo "demo: containers need root: sudo make demo" >&2
		exit 1
	fi
	tutor="sudo $tutor"
fi
show() {
	printf '\n$ tutor'
	for word; do
		case $word in
		*[!A-Za-z0-9/=-]*) printf " '%s'" "$word" ;;
		*) printf ' %s' "$word" ;;
		esac
	done
	printf '\n'
	$tutor "$@" || status=$?
}

status=0
show run --rm --explain tutor/lab ps
show run --rm tutor/lab sh -c 'echo I am PID $$ on $(hostname), and I see:; ps'
[ "$status" = 0 ]
show run --rm --memory 64m tutor/lab eat 1G
echo "exit code $status: 128 + 9, the kernel killed it at 64 MiB"
[ "$status" = 137 ]
