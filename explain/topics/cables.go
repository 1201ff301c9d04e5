package topics

// cables are the entries of a start that plug a container in.
var cables = []Topic{
	{
		Name: "netlink",
		Also: []string{"rtnetlink", "RTM_NEWLINK", "NFT_MSG_NEWRULE"},
		What: `The kernel's network is asked by message: a socket of the family AF_NETLINK, on which a program sends requests made of
			attributes and reads answers. ip(8) speaks rtnetlink over it, for interfaces, addresses and routes, and nft(8)
			speaks to the firewall. tutor prints each message with its attributes, from the bytes that it sends.`,
		Why: `There are too many settings for system calls of their own, and several must hold together: a batch of nftables messages
			is carried out whole, or not at all.`,
		Hand: []string{"unshare --net strace -e trace=sendmsg ip link add br0 type bridge"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --explain tutor/lab true", Look: "sendto and the message below it", Want: `RTM_NEWLINK IFLA_IFNAME="eth0"`},
		Read: []string{"netlink(7)", "rtnetlink(7)"},
		Lab:  6,
		See:  []string{"sendto", "recvfrom", "cable", "veth"},
	},
	{
		Name: "claim",
		Op:   "claim",
		What: `Before anything else tutor takes the host's ports that -p names: a socket each, bound and listening. ss shows them, and no
			other program can have them. What the firewall sends on never comes to these sockets. What it cannot send on does,
			IPv6 to a container that has only IPv4, and tutor carries that over by copying.`,
		Try: Try{Line: "tutor run --rm -p 127.0.0.1:18080:80 --explain tutor/lab true", Look: "bind, before the control group is made", Want: `sin_port=htons\(18080\)`},
		See: []string{"port", "publish", "bind", "listen"},
	},
	{
		Name: "cable",
		Op:   "cable",
		What: `One request makes a pair of interfaces that are each other's far end: the one inside the container's network namespace, which
			the request names by the PID of a process in it, the other on the host. A second plugs the host's end into the
			bridge and switches it on. Nobody removes it: it goes with the namespace.`,
		Hand: []string{"nsenter --target $PID --net ip link add eth0 type veth peer name veth1 netns $$", "ip link set veth1 master tutor0 up"},
		Try:  Try{Line: "tutor run --rm tutor/lab ip -br link", Look: "eth0@if…: its other end is the host's", Want: `eth0`},
		See:  []string{"veth", "bridge", "netlink", "hairpin", "step-in"},
	},
	{
		Name: "hairpin",
		Op:   "hairpin",
		What: `A switch never sends a frame back by the cable that it came from. A container that calls its own published port does just
			that, where the module br_netfilter has the bridge ask the firewall: the packet is given the container's address as
			its destination while it is still on the bridge. This flag of the host's end allows it. Without br_netfilter the
			packet goes up to the host, is routed, and comes back like any other.`,
		Hand: []string{"ip link set veth1 type bridge_slave hairpin on"},
		Try:  Try{Line: "tutor run --rm -p 127.0.0.1:18082:80 --explain tutor/lab true", Look: "IFLA_BRPORT_MODE, in a message about the host's end", Want: `hairpin`},
		See:  []string{"cable", "bridge", "publish"},
	},
	{
		Name: "step-in",
		Op:   "step-in",
		What: `The host's hand enters the container's network namespace, with setns and the process that lives there. Every socket that it
			makes now belongs to that network, for as long as it lives, wherever its owner goes. Only the one thread goes,
			and it comes back a few calls later.`,
		Try: Try{Line: "tutor run --rm --explain tutor/lab true", Look: "setns with CLONE_NEWNET, twice: in and out", Want: `setns\(\d+, CLONE_NEWNET\) = 0`},
		See: []string{"step-out", "setns", "network namespace", "address"},
	},
	{
		Name: "address",
		Op:   "address",
		Also: []string{"IP address", "subnet", "RTM_NEWADDR", "IPAM", "--ip", "--ip6", "--mac-address"},
		What: `An IP address and a length: 172.17.0.2/16 says who it is, and that all who begin with 172.17 are neighbours, reached
			without a router. Which addresses are free stands in TUTOR_RUN, a file each: the first free one is taken, under a
			lock. The interface gets it before it is switched on.`,
		Hand: []string{"nsenter --target $PID --net ip addr add 172.17.0.2/16 dev eth0", "nsenter --target $PID --net ip link set eth0 up"},
		Try:  Try{Line: "tutor run --rm tutor/lab ip -4 -br addr", Look: "the container's own address", Want: `eth0@if\d+ +UP +\d+\.\d+\.\d+\.\d+/`},
		See:  []string{"route", "cable", "bridge", "netlink"},
	},
	{
		Name: "route",
		Op:   "route",
		Also: []string{"gateway", "default route", "RTM_NEWROUTE"},
		What: `Where to send what is for nobody nearby. The default route names one neighbour, the gateway, and that is the bridge's own
			address on the host. From there it is forwarded, under another address. An internal network has no such route.`,
		Try: Try{Line: "tutor run --rm tutor/lab ip route", Look: "default via the bridge", Want: `default via \d+`},
		See: []string{"address", "NAT", "bridge"},
	},
	{
		Name: "names",
		Op:   "names",
		Also: []string{"127.0.0.11"},
		What: `Two sockets at 127.0.0.11, UDP and TCP, made inside the container's network and held by tutor outside. What comes there is
			answered from the list of who is on the same networks, or by the host's resolvers. On the default network nobody
			has a name, as in docker, and /etc/resolv.conf does not lead here.`,
		Try: Try{Line: "tutor run --rm --explain tutor/lab true", Look: "bind to 127.0.0.11, port 53", Want: `htons\(53\), sin_addr=inet_addr\("127\.0\.0\.11"\)`},
		See: []string{"DNS", "step-in", "bind", "loopback"},
	},
	{
		Name: "step-out",
		Op:   "step-out",
		What: `The host's hand comes back to the host's network, by the descriptor that it kept of it. The sockets that it made inside stay
			inside. This entry cannot be left out.`,
		Try: Try{Line: "tutor run --rm --explain tutor/lab true", Look: "the second setns, with the descriptor of the host's own", Want: `step-out`},
		See: []string{"step-in", "setns", "publish"},
	},
	{
		Name: "publish",
		Op:   "publish",
		Also: []string{"-p", "-P", "--publish-all"},
		What: `An element of a map in tutor's table of the firewall: protocol and port of the host, and behind them the container's address
			and port. The rules that look into the map are always the same. From then on the kernel rewrites each packet's
			destination (DNAT) and sends it on: no program copies data. For UDP it is also asked to forget whom it has met at that port: it
			looks into the map for a sender's first packet alone.`,
		Hand: []string{"nft add element inet tutor ports-any '{ tcp . 8080 : 172.17.0.2 . 80 }'"},
		Try:  Try{Line: "tutor run --rm -p 127.0.0.1:18081:80 --explain tutor/lab true", Look: "NFT_MSG_NEWSETELEM, a key and a value", Want: `NFT_MSG_NEWSETELEM`},
		See:  []string{"port", "DNAT", "claim", "netlink"},
	},
}
