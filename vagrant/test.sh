#!/bin/sh
# Every test that can run here; what cannot is counted and named, never passed over in silence.
set -eu
out=$(mktemp)
trap 'rm -f "$out" "$out.peers"' EXIT

unformatted=$(gofmt -l $(git ls-files '*.go' 2>/dev/null))
if [ -n "$unformatted" ]; then
	echo "not gofmt'ed: $unformatted" >&2
	exit 1
fi
go vet ./...
# Tests that ask other engines what they would do wait for those most of the time: they run beside the rest.
peers='Docker|Podman|Skopeo|Umoci'
status=0
go test -count=1 -timeout 12m -v -run "$peers" ./cmd/tutor >"$out.peers" 2>&1 &
go test -count=1 -timeout 12m -v -skip "$peers" ./... >"$out" 2>&1 || status=$?
wait $! || status=$?
cat "$out.peers" >>"$out"
[ "$status" = 0 ] || grep -a -v -e '^=== ' -e '^ *--- PASS' -e '^--- PASS' "$out" || true
grep -aE '^(ok|FAIL|panic)' "$out" || true

# A skipped test says why on the line before; deeper than four spaces is the output of the small machine.
left=$(awk '/_test\.go:[0-9]+: / {why = $0; sub(/^.*_test\.go:[0-9]+: /, "", why)}
	/^ ? ? ? ?--- SKIP: / {print "  " $3 ": " why; why = ""}' "$out")
[ -z "$left" ] || printf '\nLeft out here:\n%s\n' "$left"
count() { grep -acE "^ {0,4}--- $1" "$out" || true; }
printf '\n%s passed, %s failed, %s skipped\n' "$(count PASS)" "$(count FAIL)" "$(count SKIP)"
exit "$status"
