package dns

import (
	"strings"

	"golang.org/x/net/dns/dnsmessage"
)

// These the library has no names for.
const (
	typeIXFR   dnsmessage.Type  = 251 // RFC 1995
	badVersion dnsmessage.RCode = 16  // RFC 6891
)

// A query is what a client asks.
type query struct {
	header    dnsmessage.Header
	questions []dnsmessage.Question // one; none, if the packet was not fit to be read to there
	opt       *dnsmessage.Resource  // EDNS0, if the client speaks it
	refusal   dnsmessage.RCode      // why it cannot be answered, whoever was asked; 0: it can
}

// parse reads a client's packet. It is not ok if there is nobody to be answered: no header, or an answer, and two
// servers that answer each other's answers go on for ever.
func parse(packet []byte) (q query, ok bool) {
	var p dnsmessage.Parser
	var err error
	if q.header, err = p.Start(packet); err != nil || q.header.Response {
		return query{}, false
	}
	if q.header.OpCode != 0 {
		q.refusal = dnsmessage.RCodeNotImplemented
		return q, true
	}
	if !q.read(&p) {
		q.refusal = dnsmessage.RCodeFormatError
		return q, true
	}
	q.refusal = q.refused()
	return q, true
}

// read takes what follows the header, to its end: one question (nobody ever agreed on what a second one means), and
// at most one OPT.
func (q *query) read(p *dnsmessage.Parser) (ok bool) {
	question, err := p.Question()
	if err != nil {
		return false
	}
	if _, err := p.Question(); err != dnsmessage.ErrSectionDone {
		return false
	}
	q.questions = []dnsmessage.Question{question}
	if p.SkipAllAnswers() != nil || p.SkipAllAuthorities() != nil {
		return false
	}
	for {
		header, err := p.AdditionalHeader()
		if err != nil {
			return err == dnsmessage.ErrSectionDone
		}
		if header.Type != dnsmessage.TypeOPT {
			if p.SkipAdditional() != nil {
				return false
			}
			continue
		}
		body, err := p.OPTResource()
		if err != nil || q.opt != nil {
			return false
		}
		q.opt = &dnsmessage.Resource{Header: header, Body: &body}
	}
}

// refused are the questions that get no answer from us, whatever they are about.
func (q *query) refused() dnsmessage.RCode {
	if q.opt != nil && q.opt.Header.TTL>>16&0xff != 0 {
		return badVersion
	}
	switch q.questions[0].Type {
	case dnsmessage.TypeAXFR, typeIXFR: // many messages long; and zones are not given away
		return dnsmessage.RCodeRefused
	}
	return dnsmessage.RCodeSuccess
}

// limit is the size of a packet that the client can take.
func (q *query) limit() int {
	if q.opt == nil {
		return smallestUDP
	}
	return min(max(int(q.opt.Header.Class), smallestUDP), largestUDP)
}

// reply packs an answer. What makes it longer than the limit is left out, and the client is told (TC), so that it
// asks again over TCP.
func (q *query) reply(code dnsmessage.RCode, answers []dnsmessage.Resource, limit int) []byte {
	m := q.message(code)
	m.Answers = answers
	for {
		packet, err := m.Pack()
		if err != nil {
			return q.bare()
		}
		if len(packet) <= limit {
			return packet
		}
		m.Truncated = true
		m.Answers = m.Answers[:len(m.Answers)*limit/len(packet)]
	}
}

// message is the answer without answers. The question is in it as it was asked, in capitals or not: some clients
// write it in random ones, to know our answer from a forged one.
func (q *query) message(code dnsmessage.RCode) dnsmessage.Message {
	m := dnsmessage.Message{
		Header: dnsmessage.Header{
			ID: q.header.ID, Response: true, OpCode: q.header.OpCode, RCode: code & 0xf,
			RecursionDesired: q.header.RecursionDesired, RecursionAvailable: true, CheckingDisabled: q.header.CheckingDisabled,
		},
		Questions: q.questions,
	}
	if q.opt != nil {
		opt := dnsmessage.Resource{Body: &dnsmessage.OPTResource{}}
		opt.Header.SetEDNS0(largestUDP, code, q.opt.Header.DNSSECAllowed())
		m.Additionals = []dnsmessage.Resource{opt}
	}
	return m
}

// bare is a failure and nothing but a header, which can always be packed.
func (q *query) bare() []byte {
	m := dnsmessage.Message{Header: q.message(dnsmessage.RCodeServerFailure).Header}
	packet, _ := m.Pack()
	return packet
}

// lower is a name as it is compared: letters of ASCII are the same in both cases, and no others (RFC 4343).
func lower(name dnsmessage.Name) string {
	bytes := []byte(name.String())
	for i, b := range bytes {
		if 'A' <= b && b <= 'Z' {
			bytes[i] += 'a' - 'A'
		}
	}
	return strings.TrimSuffix(string(bytes), ".")
}
