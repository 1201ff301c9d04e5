package sys

import (
	"encoding/binary"
	"fmt"
	"net/netip"

	"golang.org/x/sys/unix"
)

// InetSocket is socket(2) for TCP (unix.SOCK_STREAM) or UDP (unix.SOCK_DGRAM) over IP of address's version.
func InetSocket(address netip.Addr, kind int, yields *Result) Call {
	protocol := Enum(unix.IPPROTO_TCP, protocols)
	if kind == unix.SOCK_DGRAM {
		protocol = Enum(unix.IPPROTO_UDP, protocols)
	}
	return Call{Name: "socket", Number: unix.SYS_SOCKET, Yields: yields,
		Args: []Arg{Enum(uint64(family(address)), families), Flags(uint64(kind)|unix.SOCK_CLOEXEC, socketTypes), protocol}}
}

// SetOption is setsockopt(2) of a switch: 1 is on.
func SetOption(fd *Result, level, option int) Call {
	one := Struct(halves(1), func(m []byte) string { return fmt.Sprintf("[%d]", half(m, 0)) })
	names := socketOptions
	if level == unix.SOL_IPV6 {
		names = ipv6Options
	}
	return Call{Name: "setsockopt", Number: unix.SYS_SETSOCKOPT,
		Args: []Arg{Of(fd), Enum(uint64(level), socketLevels), Enum(uint64(option), names), one, Int(4)}}
}

// Bind is bind(2): from now on the address and port are this socket's.
func Bind(fd *Result, at netip.AddrPort) Call {
	memory := socketAddress(at)
	return Call{Name: "bind", Number: unix.SYS_BIND, Args: []Arg{Of(fd), Struct(memory, addressText), Int(len(memory))}}
}

// Listen is listen(2).
func Listen(fd *Result, backlog int) Call {
	return Call{Name: "listen", Number: unix.SYS_LISTEN, Args: []Arg{Of(fd), Int(backlog)}}
}

// socketAddress is struct sockaddr_in, or sockaddr_in6.
func socketAddress(at netip.AddrPort) []byte {
	b := binary.LittleEndian.AppendUint16(nil, uint16(family(at.Addr())))
	b = binary.BigEndian.AppendUint16(b, at.Port())
	if at.Addr().Is4() {
		return append(append(b, at.Addr().AsSlice()...), make([]byte, 8)...)
	}
	b = append(b, 0, 0, 0, 0) // flow
	return append(append(b, at.Addr().AsSlice()...), 0, 0, 0, 0)
}

func addressText(m []byte) string {
	port := binary.BigEndian.Uint16(m[2:])
	if len(m) == unix.SizeofSockaddrInet4 {
		address, _ := netip.AddrFromSlice(m[4:8])
		return fmt.Sprintf("{sa_family=AF_INET, sin_port=htons(%d), sin_addr=inet_addr(%q)}", port, address)
	}
	address, _ := netip.AddrFromSlice(m[8:24])
	return fmt.Sprintf("{sa_family=AF_INET6, sin6_port=htons(%d), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, %q, &sin6_addr), sin6_scope_id=0}", port, address)
}
