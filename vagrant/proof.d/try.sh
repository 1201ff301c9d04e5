# Sourced by a proof inside a machine. What passes is named, what fails is shown; $failed is the proof's exit status.
failed=0
try() {
	begun=$(date +%s)
	if "$@" >/tmp/said 2>&1; then word=passed; else word=FAILED failed=1; fi
	[ $word = passed ] || cat /tmp/said
	echo "$word: $* ($(($(date +%s) - begun)) s)"
}
