#!/bin/sh
# box run --net BRIDGE --ip ADDR/PREFIX --gateway ADDR [-p HOST:CONTAINER] -- COMMAND, in shell and otherwise than the
# solution does it: the cable is laid from outside while the child waits, and the kernel leads the port on.
[ "$1" = run ] || exit 125
shift
while :; do
	case $1 in
	--net) net=$2; shift 2 ;;
	--ip) ip=$2; shift 2 ;;
	--gateway) gw=$2; shift 2 ;;
	-p) port=$2; shift 2 ;;
	--) shift; break ;;
	-*) echo "box: $1?" >&2; exit 125 ;;
	*) break ;;
	esac
done
go=$(mktemp -u)
mkfifo "$go"
unshare --pid --fork --kill-child --mount --uts --ipc --net sh -c '
	read x <"$0" || exit 125
	mount --make-rprivate / && mount -t proc proc /proc || exit 125
	exec "$@"' "$go" "$@" <&0 &
outer=$!
until inner=$(cat /proc/$outer/task/$outer/children 2>/dev/null) && [ -n "$inner" ] && [ "$(readlink /proc/${inner% }/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done
inner=${inner% }
set -e
ip link add eth0 netns $inner type veth peer name box$$
ip link set box$$ master $net up
nsenter --net=/proc/$inner/ns/net sh -ec "ip link set lo up; ip address add $ip dev eth0; ip link set eth0 up; ip route add default via $gw"
if [ -n "$port" ]; then
	h=${port%:*} c=${port#*:} a=${ip%/*}
	echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet
	nft -f - <<END
table ip box$$ {
	chain pre { type nat hook prerouting priority -100; tcp dport $h fib daddr type local dnat to $a:$c; }
	chain out { type nat hook output priority -100; tcp dport $h fib daddr type local dnat to $a:$c; }
	chain post { type nat hook postrouting priority 100; ip saddr 127.0.0.0/8 ip daddr $a masquerade; }
}
END
fi
set +e
echo go >"$go"
rm -f "$go"
trap 'kill -TERM $inner' TERM
wait $outer
code=$?
[ -z "$port" ] || nft delete table ip box$$
exit $code
