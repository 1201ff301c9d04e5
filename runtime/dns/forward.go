package dns

import (
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// forward asks the resolvers, one after the other. One that is silent takes its share of the time from those after
// it, not all of it; one that fails or will not says nothing about the name, and the next is asked.
func (s *Server) forward(ctx context.Context, q query, network string, limit int) []byte {
	end := time.Now().Add(patience)
	servers := s.Upstream[:min(len(s.Upstream), resolvers)]
	for i, server := range servers {
		share, cancel := context.WithTimeout(ctx, time.Until(end)/time.Duration(len(servers)-i))
		reply, err := q.exchange(share, network, server)
		cancel()
		if err == nil {
			return q.passOn(reply, limit)
		}
	}
	return q.reply(dnsmessage.RCodeServerFailure, nil, limit)
}

var errFailed = errors.New("the resolver failed")

// exchange asks one resolver and waits for its reply. Every question has a socket of its own, and so a port that
// the kernel draws; it takes packets from the address that was asked and no other. Together with the ID that is what
// somebody who sends forged replies has to guess.
func (q *query) exchange(ctx context.Context, network string, server netip.AddrPort) ([]byte, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, server.String())
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	send, receive := overUDP(conn)
	if network == "tcp" {
		send, receive = overTCP(conn)
	}
	id := uint16(rand.Uint32()) // ChaCha8 with a seed of the kernel's
	question, err := q.ask(id)
	if err != nil {
		return nil, err
	}
	if err := send(question); err != nil {
		return nil, err
	}
	for {
		reply, err := receive()
		if err != nil {
			return nil, err
		}
		code, ours := q.answeredBy(reply, id)
		if !ours {
			continue // forged, or mad: the true one may still come
		}
		if code == dnsmessage.RCodeServerFailure || code == dnsmessage.RCodeRefused {
			return nil, errFailed
		}
		return reply, nil
	}
}

// overUDP takes packets that are a byte longer than the largest, to know them from those that fit.
func overUDP(conn net.Conn) (send func([]byte) error, receive func() ([]byte, error)) {
	buf := make([]byte, largestUDP+1)
	send = func(packet []byte) error {
		_, err := conn.Write(packet)
		return err
	}
	return send, func() ([]byte, error) {
		n, err := conn.Read(buf)
		return buf[:n], err
	}
}

func overTCP(conn net.Conn) (send func([]byte) error, receive func() ([]byte, error)) {
	send = func(packet []byte) error { return writeMessage(conn, packet) }
	return send, func() ([]byte, error) { return readMessage(conn, largestTCP) }
}

// ask packs the question anew: what the container put into its packet beyond question and EDNS0 stays here.
func (q *query) ask(id uint16) ([]byte, error) {
	m := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: id, RecursionDesired: q.header.RecursionDesired,
			AuthenticData: q.header.AuthenticData, CheckingDisabled: q.header.CheckingDisabled,
		},
		Questions: q.questions,
	}
	if q.opt != nil {
		opt := *q.opt
		opt.Header.Class = dnsmessage.Class(q.limit())
		m.Additionals = []dnsmessage.Resource{opt}
	}
	return m.Pack()
}

// answeredBy says whether a packet is the reply to the question that was sent with this ID, and what it says. Only a
// failure may leave the question out, as servers do that do not understand EDNS0.
func (q *query) answeredBy(reply []byte, id uint16) (code dnsmessage.RCode, ours bool) {
	var p dnsmessage.Parser
	header, err := p.Start(reply)
	if err != nil || !header.Response || header.ID != id || header.OpCode != 0 {
		return 0, false
	}
	asked := q.questions[0]
	answered, err := p.Question()
	if err == dnsmessage.ErrSectionDone {
		return header.RCode, header.RCode != dnsmessage.RCodeSuccess && header.RCode != dnsmessage.RCodeNameError
	}
	if _, more := p.Question(); err != nil || more != dnsmessage.ErrSectionDone {
		return 0, false
	}
	same := answered.Type == asked.Type && answered.Class == asked.Class && lower(answered.Name) == lower(asked.Name)
	return header.RCode, same
}

// passOn gives the client the reply as it came, under the client's own ID.
func (q *query) passOn(reply []byte, limit int) []byte {
	if len(reply) > limit {
		m := q.message(dnsmessage.RCode(reply[3] & 0xf))
		m.Truncated = true
		if packet, err := m.Pack(); err == nil {
			return packet
		}
		return q.bare()
	}
	binary.BigEndian.PutUint16(reply, q.header.ID)
	return reply
}
