#!/bin/sh
# Measures starts and pulls, in a mount table of its own: crun refuses a host with both versions of cgroups unless the
# hugetlb controller is mounted in version 1 too, and that mount is for this run only.
set -eu
if [ -d /sys/fs/cgroup/unified ] && [ ! -d /sys/fs/cgroup/hugetlb ]; then
	exec unshare --mount sh -c '
		mkdir /sys/fs/cgroup/hugetlb
		trap "umount /sys/fs/cgroup/hugetlb; rmdir /sys/fs/cgroup/hugetlb" EXIT
		mount -t cgroup -o hugetlb cgroup /sys/fs/cgroup/hugetlb
		TUTOR_BENCH=1 go test -count=1 -timeout 30m -v -run "^Test(Starts|Pulls|Networks)AreFast$" ./cmd/tutor'
fi
TUTOR_BENCH=1 go test -count=1 -timeout 30m -v -run '^Test(Starts|Pulls|Networks)AreFast$' ./cmd/tutor
