#!/bin/sh
# Every test that can run here; what cannot is counted and named, never passed over in silence. With SHORT=-short those are left
# out that need a fast processor and say the same on every kernel, and those that ask other engines: for an emulated machine.
set -eu
trap 'exit 130' INT TERM HUP # or the shell would end without its EXIT
out=$(mktemp -d)
trap 'rm -rf "$out" "$out".*' EXIT

unformatted=$(gofmt -l cmd explain labs runtime vagrant)
if [ -n "$unformatted" ]; then
	echo "not gofmt'ed: $unformatted" >&2
	exit 1
fi
go vet ./...

# run FILE WHAT...: go test's output goes to a file; what failed is named at once, and in the end shown, with each package's
# verdict.
run() {
	file=$1
	shift
	{
		status=0
		go test -count=1 -vet=off -timeout "${PATIENCE:-20m}" ${SHORT:-} -v "$@" 2>&1 || status=$?
		echo "status $status"
	} | tee "$file" | grep -aE --line-buffered '^ {0,4}--- FAIL' >&2 || true
	status=$(sed -n '$s/^status //p' "$file")
	[ "$status" = 0 ] || grep -a -v -e '^=== ' -e '^ *--- PASS' -e '^--- PASS' -e '^status ' "$file" || true
	grep -aE '^(ok|FAIL|panic)' "$file" || true
	return "${status:-1}"
}
count() { cat "$out"/* | grep -acE "^ {0,4}--- $1" || true; }

# Four go side by side, for most of the time is waiting: what the tests of the program wait for other engines and for what a
# lesson runs; its other tests in two halves, the shorter with what is compiled for other systems; and all other packages.
peers='Docker|Podman|Skopeo|Umoci'
lessons='EveryLesson(Does|At)|EveryCommand(In|Of)|PureCgroupV2'
half='^Test[A-G]'
# tree PID: it and all that it has started; what runs beside hears no Ctrl-C.
tree() {
	for child in $(pgrep -P "$1"); do tree "$child"; done
	kill "$1" 2>/dev/null || true
}
beside=
trap 'for chain in $beside; do tree "$chain"; done; exit 130' INT TERM HUP
{
	wrong=0
	[ -n "${SHORT:-}" ] || run "$out/peers" -run "$peers" ./cmd/tutor || wrong=1
	run "$out/lessons" -run "$lessons" -skip "$peers" ./cmd/tutor || wrong=1
	exit "$wrong"
} >"$out.lessons" &
beside=$!
{
	wrong=0
	run "$out/half" -run "$half" -skip "$peers|$lessons" ./cmd/tutor || wrong=1
	run "$out/guest" ./vagrant/... || wrong=1
	exit "$wrong"
} >"$out.half" &
beside="$beside $!"
run "$out/rest" -skip "$half|$peers|$lessons" ./cmd/tutor >"$out.rest" &
beside="$beside $!"
failed=0
run "$out/others" -p 1 -parallel 4 $(go list ./... | grep -v -e '/cmd/tutor$' -e '/vagrant/') || failed=1
for chain in $beside; do wait "$chain" || failed=1; done
cat "$out.half" "$out.rest" "$out.lessons"

# A skipped test says why on the line before; deeper than four spaces is the output of the small machine.
left=$(cat "$out"/* | awk '/_test\.go:[0-9]+: / {why = $0; sub(/^.*_test\.go:[0-9]+: /, "", why)}
	/^ ? ? ? ?--- SKIP: / {print "  " $3 ": " why; why = ""}')
[ -z "${SHORT:-}" ] || printf '\nLeft out by SHORT: what asks %s\n' "$peers"
[ -z "$left" ] || printf '\nLeft out here:\n%s\n' "$left"
printf '\n%s passed, %s failed, %s skipped\n' "$(count PASS)" "$(count FAIL)" "$(count SKIP)"

# Many of these tests race with the kernel and with processes, beside one another. What has failed has its own turn, alone;
# what passes then is named, and is to be looked at. A test binary that did not come to its end has no second turn.
names=$(cat "$out"/* | grep -aoE '^--- FAIL: \w+' | awk '{print $3}' | sort -u | paste -sd '|')
if [ "$failed" = 1 ] && [ -n "$names" ] && ! grep -aqE '^(panic|SIG[A-Z]+): |\[build failed\]' "$out"/*; then
	printf '\nOnce more, alone: %s\n' "$names"
	failed=0
	rm "$out"/*
	run "$out/again" -p 1 -run "^($names)\$" ./... || failed=1
	printf '\nOnce more, alone: %s passed, %s failed\n' "$(count PASS)" "$(count FAIL)"
fi
exit "$failed"
