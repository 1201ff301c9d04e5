package topics

var networks = []Topic{
	{
		Name: "bridge",
		Also: []string{"docker0", "switch", "brctl"},
		What: `A switch made of software: a network interface into which others are plugged (ip link set X master BRIDGE). It learns
			which hardware address lies behind which port and passes frames on. When it has an address itself, it is the
			host's place in that network, and the gateway of all who are plugged in.`,
		Why: `A container's own network has no neighbours. With a veth from each to one bridge they can reach one another and the
			host, and the host needs one address for all.`,
		Hand: []string{"ip link add br0 type bridge; ip link set br0 up", "ip link add left type veth peer name right; ip link set left master br0", "ip link show master br0"},
		Safe: true,
		Try: Try{Line: "tutor run --rm --network none --cap-add NET_ADMIN tutor/lab sh -c 'ip link add br0 type bridge; ip link show br0'",
			Look: "a bridge inside a container's own network: the host has none of it", Want: `br0: <BROADCAST,MULTICAST>`},
		Read: []string{"ip-link(8)", "bridge(8)"},
		Lab:  6,
		See:  []string{"veth", "cable", "network namespace", "NAT", "port"},
	},
	{
		Name: "veth",
		Also: []string{"veth pair", "virtual ethernet", "eth0"},
		What: `A pair of interfaces, joined as by a cable: what goes into one comes out of the other. Each end may be in another
			network namespace. One end becomes the container's eth0, the other stays with the host, usually plugged into a
			bridge. If one end goes, so does the other.`,
		Why: `A new network namespace has only its loopback. A veth is the common way in and out; no hardware is needed, and both
			sides can have firewall rules.`,
		Hand: []string{"ip link add left type veth peer name right", "unshare --net sleep 0.5 & sleep 0.2; ip link set right netns $!", "ip link; wait   # left@if…: its other end is elsewhere"},
		Safe: true,
		Try: Try{Line: "tutor run --rm --network none --cap-add NET_ADMIN tutor/lab sh -c 'ip link add left type veth peer name right; ip link'",
			Look: "right@left and left@right: each names its other end", Want: `left@right`},
		Read: []string{"veth(4)"},
		Lab:  6,
		See:  []string{"network namespace", "bridge", "loopback", "NAT"},
	},
	{
		Name: "NAT",
		Also: []string{"network address translation", "SNAT", "nftables", "iptables", "conntrack"},
		What: `Network address translation: a router writes other addresses into packets and remembers the change (conntrack), so that
			it can undo it for the answers. What is changed is the source (SNAT, masquerade), for connections that
			leave, or the destination (DNAT), for those that arrive. Linux does it in netfilter, on behalf of rules
			made with nft or iptables.`,
		Why: `Containers have private addresses, which nobody beyond the host knows a way to. Without NAT their packets would go
			out, and no answer come back.`,
		Hand: []string{"sysctl net.ipv4.ip_forward", "nft list ruleset"},
		Try:  Try{Line: "tutor run --rm --network none tutor/lab cat /proc/sys/net/ipv4/ip_forward", Look: "0 or 1: if a packet may go from one interface to another; each network namespace has its own", Want: `^[01]\n$`},
		Read: []string{"nft(8)"},
		Lab:  6,
		See:  []string{"masquerade", "DNAT", "bridge", "port", "network namespace"},
	},
	{
		Name: "masquerade",
		Also: []string{"source NAT"},
		What: `NAT of the source: a packet that leaves gets the address of the interface through which it leaves, whatever that is
			at the time, and a port by which its answers are known. To the world all containers are the host.`,
		Why: `It is how a container with the address 172.17.0.2 fetches a page. The rule takes traffic between containers out, or
			they would see the gateway in place of one another.`,
		Hand: []string{"nft add table ip demo", "nft add chain ip demo post '{ type nat hook postrouting priority srcnat; }'",
			"nft add rule ip demo post ip saddr 10.9.0.0/24 masquerade", "nft list table ip demo; nft delete table ip demo"},
		Try:  Try{Line: "tutor run --rm --network none tutor/lab sh -c 'ip route; ip -br addr'", Look: "no route: with the network none there is nothing to masquerade", Want: `^lo `},
		Read: []string{"nft(8)"},
		Lab:  6,
		See:  []string{"NAT", "DNAT", "bridge"},
	},
	{
		Name: "DNAT",
		Also: []string{"destination NAT", "port forwarding"},
		What: `NAT of the destination: what arrives at the host's port 8080 gets the container's address and port 80 written in, and is
			forwarded; the answers are changed back. The rule stands before routing, since routing decides by the
			destination. Connections from the host itself do not come that way and need a rule of their own (output).`,
		Why: `It publishes a port of a container (docker's -p 8080:80) without a program that copies bytes. What trips people: such
			packets are forwarded, so a firewall's input rules never see them.`,
		Hand: []string{"nft add table ip demo", "nft add chain ip demo pre '{ type nat hook prerouting priority dstnat; }'",
			"nft add rule ip demo pre tcp dport 8080 dnat to 10.9.0.2:80", "nft list table ip demo; nft delete table ip demo"},
		Try: Try{Line: "tutor run --rm --network none tutor/lab sh -c 'httpd -p 80 & sleep 0.5; wget -q -O - http://127.0.0.1/etc/hostname'",
			Look: "a web server that only its own container can reach: nothing leads to its port", Want: `^[0-9a-f]{12}\n`},
		Read: []string{"nft(8)"},
		Lab:  7,
		See:  []string{"port", "NAT", "masquerade"},
	},
	{
		Name: "port",
		Also: []string{"published port", "TCP", "EADDRINUSE", "--expose"},
		What: `A number from 1 to 65535 by which the programs of one address are told apart. Each network namespace has its own set, so
			that every container can listen on its own port 80. To publish a port is to lead the host's port to it, with
			DNAT or with a program that copies. EXPOSE in an image is a note and opens nothing.`,
		Why: `Two web servers on the host's network collide, EADDRINUSE. And a server that listens on 127.0.0.1 in its container is
			reached by nobody outside, published or not.`,
		Hand: []string{"ss -ltn   # who listens here", "unshare --net ss -ltn   # nobody there"},
		Safe: true,
		Try: Try{Line: "tutor run --rm -u student tutor/lab sh -c 'httpd -p 80 & sleep 0.5; wget -q -O - 127.0.0.1/etc/hostname; id -un'",
			Look: "a user who is not root, on port 80: allowed in the container's own network", Want: `student\n$`},
		Read: []string{"ip(7)", "tcp(7)"},
		Lab:  7,
		See:  []string{"publish", "claim", "DNAT", "network namespace", "sysctl", "loopback"},
	},
	{
		Name: "DNS",
		Also: []string{"name server", "resolver", "nslookup", "--dns-search", "--dns-option", "--dns-opt", "--network-alias", "--net-alias", "--add-host"},
		What: `The system that turns names into addresses. The C library reads /etc/hosts first, then asks the servers named in
			/etc/resolv.conf; a container has its own copy of both. An engine's name server can know the containers'
			names, and passes all other questions on: docker's answers at 127.0.0.11.`,
		Why: `Addresses of containers change with every start; names stay. A resolv.conf copied from a host whose server is
			127.0.0.53 leads nowhere, because the container's 127.0.0.53 is its own.`,
		Hand: []string{"cat /etc/resolv.conf", "getent hosts localhost"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm tutor/lab cat /etc/hosts", Look: "the names that it knows without asking", Want: `127\.0\.0\.1\s+localhost`},
		Read: []string{"resolv.conf(5)", "hosts(5)"},
		Lab:  6,
		See:  []string{"names", "files", "hostname", "network namespace", "loopback"},
	},
	{
		Name: "loopback",
		Op:   "loopback",
		Also: []string{"lo", "localhost", "127.0.0.1"},
		What: `The interface lo, by which a machine talks to itself: what is sent there arrives there. Each network namespace has its
			own, and it begins switched off. As soon as it is up the kernel gives it 127.0.0.1 and ::1.`,
		Why: `Without it a program cannot reach itself, and many try: databases, test suites, debuggers. And it is private: the
			container's 127.0.0.1 is not the host's.`,
		Hand: []string{"unshare --net sh -c 'ip -br link; ip link set lo up; ip -br addr'"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --network none tutor/lab ping -c 1 127.0.0.1", Look: "an answer, from nobody but itself", Want: `1 packets? received|1 received| 0% packet loss`},
		See:  []string{"network namespace", "port", "socket", "ioctl"},
	},
	{
		Name: "sysctl",
		Op:   "sysctl",
		Also: []string{"/proc/sys", "kernel parameter", "ip_unprivileged_port_start", "ping_group_range"},
		What: `A setting of the kernel as a file below /proc/sys. Most hold for the machine; those below net hold for one network
			namespace, and some for one IPC or UTS namespace. tutor, like docker, sets two in the container's own
			network: any user may listen on any port, and any user may ping. Where there is IPv6 tutor sets a third: no
			router that announces itself is believed.`,
		Hand: []string{"unshare --net sh -c 'sysctl -w net.ipv4.ip_unprivileged_port_start=0'", "sysctl net.ipv4.ip_unprivileged_port_start"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --network none tutor/lab cat /proc/sys/net/ipv4/ip_unprivileged_port_start", Look: "0; on the host it is 1024", Want: `^0\n$`},
		See:  []string{"port", "network namespace", "readonly-paths", "write"},
	},
}
