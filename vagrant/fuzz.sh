#!/bin/sh
# Every parser of what a stranger wrote, fed with what the fuzzer makes up, for so long each: sh vagrant/fuzz.sh 20s.
# Go would spend that time on making its first find smaller: code that works on files never takes quite the same way
# twice, so there is no end to it, and nothing else is tried.
set -eu
for file in $(grep -rl '^func Fuzz' --include='*_test.go' .); do
	for name in $(sed -n 's/^func \(Fuzz[A-Za-z]*\)(.*/\1/p' "$file"); do
		echo "$name"
		go test -run '^$' -fuzz "^$name\$" -fuzztime "$1" -fuzzminimizetime 1x "$(dirname "$file")"
	done
done
