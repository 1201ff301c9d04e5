package topics

import "golang.org/x/sys/unix"

var callsOnSockets = []Topic{
	{
		Name: "bind",
		Call: "bind",
		C:    "int bind(int sockfd, const struct sockaddr *addr, socklen_t addrlen);",
		What: `Gives a socket its address and port: from now on they are this socket's, in its network namespace. 0.0.0.0 means every
			address that the machine has. Port 0 asks the kernel for one that is free.`,
		Why:  `It is how tutor holds a published port, and how it sits at 127.0.0.11 inside a container.`,
		Hand: []string{"unshare --net sh -c 'ip link set lo up; ss -ltn'"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -p 127.0.0.1:18082:80 --explain tutor/lab true", Look: "the address that the host's port is held at", Want: `bind\(\d+, {sa_family=AF_INET, sin_port=htons\(18082\)`},
		Read: []string{"bind(2)", "ip(7)"},
		Lab:  7,
		Errors: []Error{
			{Errno: unix.EADDRINUSE, Op: "claim"},
			{Errno: unix.EADDRNOTAVAIL, Op: "claim"},
			{Errno: unix.EACCES, Text: "the port is below 1024 and the caller has no CAP_NET_BIND_SERVICE"},
		},
		See: []string{"listen", "socket", "port", "claim"},
	},
	{
		Name: "listen",
		Call: "listen",
		C:    "int listen(int sockfd, int backlog);",
		What: `Makes a socket one that connections come to. Up to backlog of them wait until somebody accepts them. From then on the
			kernel answers whoever knocks, also while the program is busy.`,
		Why:  `Only a port that is listened at is seen by ss, and refused to others whatever they set.`,
		Hand: []string{"ss -ltn   # who listens here"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -p 127.0.0.1:18083:80 --explain tutor/lab true", Look: "listen, after bind", Want: `listen\(\d+, 128\) = 0`},
		Read: []string{"listen(2)"},
		Lab:  7,
		Errors: []Error{
			{Errno: unix.EADDRINUSE, Text: "another socket listens at that port"},
		},
		See: []string{"bind", "socket", "port"},
	},
	{
		Name: "setsockopt",
		Call: "setsockopt",
		C:    "int setsockopt(int sockfd, int level, int optname, const void *optval, socklen_t optlen);",
		What: `Sets one of a socket's many switches. SO_REUSEADDR lets it have a port at which connections have just ended. IPV6_V6ONLY
			keeps an IPv6 socket from taking the same port of IPv4.`,
		Why:  `A server could not be started again for a minute after its end.`,
		Hand: []string{"strace -e trace=setsockopt ss -ltn   # the buffers of the socket by which it asks the kernel"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -p 127.0.0.1:18084:80 --explain tutor/lab true", Look: "SO_REUSEADDR", Want: `setsockopt\(\d+, SOL_SOCKET, SO_REUSEADDR, \[1\], 4\) = 0`},
		Read: []string{"setsockopt(2)", "socket(7)"},
		Lab:  7,
		Errors: []Error{
			{Errno: unix.ENOPROTOOPT, Text: "this kind of socket has no such switch"},
		},
		See: []string{"bind", "socket"},
	},
	{
		Name: "sendto",
		Call: "sendto",
		C:    "ssize_t sendto(int sockfd, const void *buf, size_t len, int flags, const struct sockaddr *dest_addr, socklen_t addrlen);",
		What: `Sends a message. On a netlink socket without an address it goes to the kernel, which carries it out before the call comes
			back. That the call went well only says that the message was taken: the answer has to be read.`,
		Why:  `Everything that tutor does to interfaces, addresses, routes and the firewall goes by it.`,
		Hand: []string{"unshare --net strace -e trace=sendmsg,sendto ip link set lo up"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --explain tutor/lab true", Look: "the message's type and flags", Want: `sendto\(\d+, {nlmsg_type=RTM_NEWLINK`},
		Read: []string{"sendto(2)", "netlink(7)"},
		Lab:  6,
		Errors: []Error{
			{Errno: unix.EPERM, Text: "netlink: changes need CAP_NET_ADMIN in the user namespace that owns the network"},
		},
		See: []string{"recvfrom", "netlink", "socket"},
	},
	{
		Name: "recvfrom",
		Call: "recvfrom",
		C:    "ssize_t recvfrom(int sockfd, void *buf, size_t len, int flags, struct sockaddr *src_addr, socklen_t *addrlen);",
		What: `Reads a message. The kernel's answer to a netlink request is of the type NLMSG_ERROR, also when all went well: its error is
			0 then. tutor looks at it after each request, and ends the start if it says anything else.`,
		Why:  `The return value of a system call has no room to say which of twenty messages was wrong.`,
		Hand: []string{"unshare --net strace -e trace=recvmsg,recvfrom ip link set lo up"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --explain tutor/lab true", Look: "error=0", Want: `recvfrom\(\d+, {nlmsg_type=NLMSG_ERROR, error=0}`},
		Read: []string{"recvfrom(2)", "netlink(7)"},
		Lab:  6,
		Errors: []Error{
			{Errno: unix.ENOBUFS, Text: "answers were lost because nobody read them in time"},
		},
		See: []string{"sendto", "netlink", "socket", "setsockopt"},
	},
}
