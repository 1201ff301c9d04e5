package toolbox

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"strings"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// nslookup asks a DNS server, and nobody else: /etc/hosts, which every other program looks at first, has no say here.
func nslookup(t *tool) error {
	if len(t.args) == 0 || len(t.args) > 2 {
		return usageError("which name?")
	}
	server := nameserver()
	if len(t.args) == 2 {
		server = t.args[1]
	}
	if _, _, err := net.SplitHostPort(server); err != nil {
		server = net.JoinHostPort(server, "53")
	}
	host, _, _ := net.SplitHostPort(server)
	t.printf("Server:\t\t%s\nAddress:\t%s\n\n", host, server)
	name, kinds := t.args[0], []dnsmessage.Type{dnsmessage.TypeA, dnsmessage.TypeAAAA}
	if address, err := netip.ParseAddr(name); err == nil {
		name, kinds = reverse(address), []dnsmessage.Type{dnsmessage.TypePTR}
	}
	found := 0
	for _, kind := range kinds {
		answers, err := query(server, strings.TrimSuffix(name, ".")+".", kind)
		if err != nil && found == 0 {
			t.out.Flush()
			return fmt.Errorf("can't resolve '%s': %s", t.args[0], reason(err))
		}
		found += len(answers)
		for _, a := range answers {
			t.println(a)
		}
	}
	if found == 0 {
		return fmt.Errorf("can't find %s: no answer", t.args[0])
	}
	return nil
}

// nameserver is the first one of /etc/resolv.conf; without any, resolvers ask this machine.
func nameserver() string {
	content, _ := os.ReadFile("/etc/resolv.conf")
	for line := range strings.Lines(string(content)) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "nameserver" {
			return f[1]
		}
	}
	return "127.0.0.1"
}

// reverse is the name under which an address is registered: 4.3.2.1.in-addr.arpa.
func reverse(address netip.Addr) string {
	bytes, name := address.AsSlice(), ""
	for _, b := range bytes {
		if address.Is4() {
			name = fmt.Sprintf("%d.", b) + name
			continue
		}
		name = fmt.Sprintf("%x.%x.", b&15, b>>4) + name
	}
	if address.Is4() {
		return name + "in-addr.arpa"
	}
	return name + "ip6.arpa"
}

// query sends one question over UDP, twice if nobody answers, and returns the answers as text.
func query(server, name string, kind dnsmessage.Type) ([]string, error) {
	asked, err := dnsmessage.NewName(name)
	if err != nil {
		return nil, err
	}
	id := uint16(rand.Uint32())
	question := dnsmessage.Message{
		Header:    dnsmessage.Header{ID: id, RecursionDesired: true},
		Questions: []dnsmessage.Question{{Name: asked, Type: kind, Class: dnsmessage.ClassINET}},
	}
	packet, err := question.Pack()
	if err != nil {
		return nil, err
	}
	connection, err := net.Dial("udp", server)
	if err != nil {
		return nil, errors.New(cause(err))
	}
	defer connection.Close()
	buf := make([]byte, 64<<10)
	for range 2 {
		if _, err := connection.Write(packet); err != nil {
			return nil, errors.New(cause(err))
		}
		connection.SetReadDeadline(time.Now().Add(3 * time.Second))
		n, err := connection.Read(buf)
		var answer dnsmessage.Message
		if err == nil && answer.Unpack(buf[:n]) == nil && answer.ID == id {
			return texts(answer)
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return nil, errors.New(cause(err))
		}
	}
	return nil, fmt.Errorf("connection to %s timed out", server)
}

func texts(m dnsmessage.Message) ([]string, error) {
	switch m.RCode {
	case dnsmessage.RCodeSuccess:
	case dnsmessage.RCodeNameError:
		return nil, errors.New("NXDOMAIN")
	default:
		return nil, errors.New(strings.TrimPrefix(m.RCode.String(), "RCode"))
	}
	var all []string
	for _, a := range m.Answers {
		name := strings.TrimSuffix(a.Header.Name.String(), ".")
		switch body := a.Body.(type) {
		case *dnsmessage.AResource:
			all = append(all, "Name:\t"+name, "Address: "+netip.AddrFrom4(body.A).String())
		case *dnsmessage.AAAAResource:
			all = append(all, "Name:\t"+name, "Address: "+netip.AddrFrom16(body.AAAA).String())
		case *dnsmessage.CNAMEResource:
			all = append(all, name+"\tcanonical name = "+strings.TrimSuffix(body.CNAME.String(), "."))
		case *dnsmessage.PTRResource:
			all = append(all, name+"\tname = "+strings.TrimSuffix(body.PTR.String(), "."))
		}
	}
	return all, nil
}
