#!/bin/sh
# Every test that can run here; what cannot is counted and named, never passed over in silence.
set -eu
out=$(mktemp)
trap 'rm -f "$out"' EXIT

unformatted=$(gofmt -l $(git ls-files '*.go' 2>/dev/null))
if [ -n "$unformatted" ]; then
	echo "not gofmt'ed: $unformatted" >&2
	exit 1
fi
go vet ./...
status=0
go test -count=1 -timeout 20m -v ./... >"$out" 2>&1 || status=$?
[ "$status" = 0 ] || grep -v -e '^=== ' -e '^ *--- PASS' -e '^--- PASS' "$out" || true
grep -E '^(ok|FAIL|panic)' "$out" || true
if grep -q -- '--- SKIP' "$out"; then
	echo
	echo "Left out here:"
	grep -A1 -- '--- SKIP' "$out" | grep -v -e '^--$' | sed 's/^/  /'
fi
passed=$(grep -c -- '--- PASS' "$out") || true
failed=$(grep -c -- '--- FAIL' "$out") || true
skipped=$(grep -c -- '--- SKIP' "$out") || true
echo
echo "$passed passed, $failed failed, $skipped skipped"
exit "$status"
