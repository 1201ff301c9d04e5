package toolbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// A pinger sends ICMP echo requests and counts what comes back.
type pinger struct {
	*tool
	fd             int
	raw            bool
	to             unix.SockaddrInet4
	host           string
	count          int
	interval, wait time.Duration
	quiet          bool
	sent, received int
	best, worst    time.Duration
	sum            time.Duration
}

// ping asks for a datagram ICMP socket first: it needs no privilege when net.ipv4.ping_group_range covers the group
// (icmp(7)), which container runtimes set. A raw socket needs CAP_NET_RAW.
func ping(t *tool) error {
	o, err := parse("c:i:W:w:s:q4n", t.args)
	if err != nil {
		return err
	}
	if len(o.rest) != 1 {
		return usageError("a host, please")
	}
	p := &pinger{tool: t, host: o.rest[0], quiet: o.has("q")}
	if p.count, err = o.number('c', 0); err != nil {
		return err
	}
	interval, err := o.seconds('i', 1)
	if err != nil {
		return err
	}
	wait, err := o.seconds('W', 10)
	if err != nil {
		return err
	}
	p.interval, p.wait = time.Duration(interval*float64(time.Second)), time.Duration(wait*float64(time.Second))
	address, err := net.ResolveIPAddr("ip4", p.host)
	if err != nil {
		return fmt.Errorf("bad address '%s'", p.host)
	}
	copy(p.to.Addr[:], address.IP.To4())
	if err := p.open(); err != nil {
		return err
	}
	return p.run()
}

func (p *pinger) open() (err error) {
	p.fd, err = unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
	if err != nil {
		p.raw = true
		p.fd, err = unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.IPPROTO_ICMP)
	}
	if err != nil {
		return fmt.Errorf("socket: %s (neither ping_group_range nor CAP_NET_RAW)", reason(err))
	}
	return unix.SetsockoptInt(p.fd, unix.IPPROTO_IP, unix.IP_RECVTTL, 1)
}

func (p *pinger) run() error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, unix.SIGINT, unix.SIGTERM)
	address := net.IP(p.to.Addr[:]).String()
	p.printf("PING %s (%s): 56 data bytes\n", p.host, address)
	p.out.Flush()
	var failure error
loop:
	for seq := 0; p.count == 0 || seq < p.count; seq++ {
		next := time.Now().Add(p.interval)
		if failure = p.once(uint16(seq), address); failure != nil {
			break
		}
		if seq+1 == p.count {
			break
		}
		select {
		case <-stop:
			break loop
		case <-time.After(time.Until(next)):
		}
	}
	if failure != nil {
		p.complain(failure)
	}
	return p.summary()
}

// once sends a request and waits for its answer.
func (p *pinger) once(seq uint16, address string) error {
	start := time.Now()
	if err := unix.Sendto(p.fd, echoRequest(uint16(os.Getpid()), seq), 0, &p.to); err != nil {
		return fmt.Errorf("sendto: %s", reason(err))
	}
	p.sent++
	wait := p.wait
	if p.count == 0 || p.sent < p.count {
		wait = min(wait, p.interval)
	}
	for {
		left := wait - time.Since(start)
		if left <= 0 {
			return nil // lost: the statistics say so
		}
		limit := unix.NsecToTimeval(left.Nanoseconds())
		unix.SetsockoptTimeval(p.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit)
		buf, control := make([]byte, 2048), make([]byte, 128)
		n, controls, _, from, err := unix.Recvmsg(p.fd, buf, control, 0)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return fmt.Errorf("recvmsg: %s", reason(err))
		}
		packet, ttl := buf[:n], ttlOf(control[:controls])
		if p.raw && n > 20 {
			packet, ttl = buf[int(buf[0]&15)*4:n], int(buf[8]) // a raw socket shows the IP header too
		}
		if len(packet) < 8 || packet[0] != 0 || binary.BigEndian.Uint16(packet[6:]) != seq ||
			p.raw && binary.BigEndian.Uint16(packet[4:]) != uint16(os.Getpid()) {
			continue
		}
		p.answer(time.Since(start), len(packet), seq, ttl, from, address)
		return nil
	}
}

func (p *pinger) answer(took time.Duration, n int, seq uint16, ttl int, from unix.Sockaddr, address string) {
	if f, ok := from.(*unix.SockaddrInet4); ok {
		address = net.IP(f.Addr[:]).String()
	}
	if p.received == 0 || took < p.best {
		p.best = took
	}
	p.received++
	p.worst, p.sum = max(p.worst, took), p.sum+took
	if !p.quiet {
		p.printf("%d bytes from %s: seq=%d ttl=%d time=%s ms\n", n, address, seq, ttl, milliseconds(took))
		p.out.Flush()
	}
}

func milliseconds(d time.Duration) string {
	return strconv.FormatFloat(float64(d.Microseconds())/1000, 'f', 3, 64)
}

func (p *pinger) summary() error {
	loss := 0
	if p.sent > 0 {
		loss = 100 * (p.sent - p.received) / p.sent
	}
	p.printf("\n--- %s ping statistics ---\n%d packets transmitted, %d packets received, %d%% packet loss\n", p.host, p.sent, p.received, loss)
	if p.received == 0 {
		return exitCode(1)
	}
	mean := p.sum / time.Duration(p.received)
	p.printf("round-trip min/avg/max = %s/%s/%s ms\n", milliseconds(p.best), milliseconds(mean), milliseconds(p.worst))
	return nil
}

// echoRequest is type 8, code 0, checksum, identifier, sequence number, and 56 bytes of nothing.
func echoRequest(id, seq uint16) []byte {
	packet := make([]byte, 8+56)
	packet[0] = 8
	binary.BigEndian.PutUint16(packet[4:], id)
	binary.BigEndian.PutUint16(packet[6:], seq)
	var sum uint32
	for i := 0; i < len(packet); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(packet[i:]))
	}
	sum = sum>>16 + sum&0xffff
	binary.BigEndian.PutUint16(packet[2:], ^uint16(sum+sum>>16))
	return packet
}

// ttlOf reads the IP_TTL control message.
func ttlOf(control []byte) int {
	messages, err := unix.ParseSocketControlMessage(control)
	for _, m := range messages {
		if err == nil && m.Header.Type == unix.IP_TTL && len(m.Data) >= 4 {
			return int(binary.NativeEndian.Uint32(m.Data))
		}
	}
	return 0
}
