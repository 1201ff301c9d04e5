// Package network is the contract of lab 6-network.
package network

import "tutor/labs/contract"

// Promises are what `tutor grade 6-network` asks of box. How each is looked at is in labs/grader/lab6.go, by the same ID.
var Promises = []contract.Promise{
	{ID: "lab6.net", Title: "COMMAND has a network of its own", Points: 3, Man: "network_namespaces(7)", Read: "By hand",
		Hints: []string{"readlink /proc/PID/ns/net must differ from the host's", "CLONE_NEWNET, as in lab 2", "Cloneflags |= syscall.CLONE_NEWNET"}},
	{ID: "lab6.lo", Title: "its loopback is up", Points: 1, Needs: []string{"lab6.net"}, Man: "network_namespaces(7)", Read: "By hand",
		Hints: []string{"who talks to 127.0.0.1 inside gets: network is unreachable", "a new network namespace has a loopback, and it is down", "ip link set lo up"}},
	{ID: "lab6.veth", Title: "a veth pair leads from there to the bridge", Points: 3, Needs: []string{"lab6.net"}, Man: "veth(4)", Read: "By hand",
		Hints: []string{"a cable has two ends: one inside, one in the bridge", "ip link add eth0 type veth peer name NAME netns …; then NAME gets a master", "both ends must be switched on: ip link set NAME master BRIDGE up"}},
	{ID: "lab6.address", Title: "COMMAND has ADDR/PREFIX, and no other address", Points: 2, Needs: []string{"lab6.veth"}, Man: "ip-address(8)", Read: "By hand",
		Hints: []string{"the prefix belongs to it: it says who is a neighbour, to be reached without the gateway", "ip address add ADDR/PREFIX dev eth0", ""}},
	{ID: "lab6.early", Title: "it is all there before COMMAND is", Points: 1, Needs: []string{"lab6.address"}, Man: "network_namespaces(7)", Read: "Build it",
		Hints: []string{"a server that binds its address in its first millisecond must find it", "whoever plugs the cable in from outside must have the child wait: a pipe is enough", ""}},
	{ID: "lab6.host", Title: "COMMAND reaches the host at GATEWAY, and the host COMMAND", Points: 2, Needs: []string{"lab6.early"}, Man: "ip-link(8)", Read: "By hand",
		Hints: []string{"ping GATEWAY from inside; then look on which side the packets end", "ip neighbour, on both sides, tells who has answered", ""}},
	{ID: "lab6.boxes", Title: "two boxes reach each other", Points: 3, Needs: []string{"lab6.host"}, Man: "bridge(8)", Read: "By hand",
		Hints: []string{"the host has both cables at once: their names must differ, and so must the ends' hardware addresses", "start two by hand, and compare: ip link; bridge link", ""}},
	{ID: "lab6.route", Title: "what is further away goes by GATEWAY", Points: 2, Needs: []string{"lab6.host"}, Man: "ip-route(8)", Read: "By hand",
		Hints: []string{"without a route the answer is: network is unreachable", "ip route inside should begin with default via GATEWAY", "ip route add default via GATEWAY, after the address"}},
	{ID: "lab6.root", Title: "a root of layers has a network as well", Points: 1, Needs: []string{"lab6.early"}, Man: "pivot_root(2)", Read: "Run it",
		Hints: []string{"in the new root there is no ip to run, and no host's /proc", "do it before the pivot, or from outside", ""}},
	{ID: "lab6.left", Title: "nothing stays: no link, no rule, no name of a namespace", Points: 1, Needs: []string{"lab6.veth"}, Man: "network_namespaces(7)", Read: "By hand",
		Hints: []string{"a network namespace goes with its last process, and takes its links along; the other end of a veth goes too", "a name in /run/netns is a mount, and keeps it alive", "ip link, ip netns, nft list ruleset: look at each when box has ended"}},
	{ID: "lab6.killed", Title: "box killed by SIGKILL at any step of its start: the next box finds nothing in its way", Points: 1, Needs: []string{"lab6.left", "lab6.boxes"}, Man: "veth(4)", Read: "By hand",
		Hints: []string{"which of your steps leaves something if it is the last one?", "make the cable with one end inside already, ip link add … netns …: then it ends with the namespace", "or give links names that tell whose they are, and have the next box remove those of the dead"}},
}
