# Sourced by what starts a machine for a proof. $work is a folder of the caller's; the machine's serial ports write into
# its files console, out and status.

step() { echo "$name: $(date +%T) $1"; }

# boot COMMAND...: the machine, until it ends; what the proof says is shown meanwhile, and its verdict kept to.
boot() {
	printf '' >"$work/out"
	tail -f "$work/out" &
	shown=$!
	# In the foreground, or Ctrl-C would not reach QEMU.
	nice -n 19 timeout --foreground "$@" || echo "$name: QEMU ended with $?" >&2
	kill "$shown"
	status=$(tr -d '\r\n' <"$work/status" 2>/dev/null || true)
	[ "$status" = 0 ] || { tail -20 "$work/console"; echo "$name: no verdict is a failure: ${status:-none}" >&2; exit 1; }
	step "passed"
}
