package image

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

func (ch *changing) expose(i instruction) error {
	if i.rest == "" {
		return errors.New("EXPOSE requires at least one argument")
	}
	rest, err := ch.expand(i.rest)
	if err != nil {
		return err
	}
	if ch.config.ExposedPorts == nil {
		ch.config.ExposedPorts = map[string]struct{}{}
	}
	for _, word := range strings.Fields(rest) {
		ports, err := Exposed(word)
		if err != nil {
			return err
		}
		for _, port := range ports {
			ch.config.ExposedPorts[port] = struct{}{}
		}
	}
	return nil
}

// Exposed reads [[IP:]HOST:]PORT[-PORT][/PROTOCOL] and gives the container's ports: "80/tcp". What the host should
// do with them is checked and, as in Docker, not kept.
func Exposed(text string) ([]string, error) {
	numbers, protocol, _ := strings.Cut(text, "/")
	protocol, _, _ = strings.Cut(protocol, "/")
	if protocol = strings.ToLower(protocol); protocol == "" {
		protocol = "tcp"
	}
	parts := strings.Split(numbers, ":")
	port, host, ip := parts[len(parts)-1], "", ""
	if len(parts) > 1 {
		host = parts[len(parts)-2]
		ip = strings.Trim(strings.Join(parts[:len(parts)-2], ":"), "[]")
	}
	if port == "" {
		return nil, fmt.Errorf("No port specified: %s<empty>", text)
	}
	if _, err := netip.ParseAddr(ip); ip != "" && err != nil {
		return nil, fmt.Errorf("Invalid ip address: %s", ip)
	}
	first, last, valid := portRange(port)
	if !valid {
		return nil, fmt.Errorf("Invalid containerPort: %s", port)
	}
	if _, _, valid := portRange(host); host != "" && !valid {
		return nil, fmt.Errorf("Invalid hostPort: %s", host)
	}
	if !slices.Contains([]string{"tcp", "udp", "sctp"}, protocol) {
		return nil, fmt.Errorf("Invalid proto: %s", protocol)
	}
	var ports []string
	for p := first; p <= last; p++ {
		ports = append(ports, fmt.Sprintf("%d/%s", p, protocol))
	}
	return ports, nil
}

func portRange(text string) (first, last uint64, valid bool) {
	from, to, ranged := strings.Cut(text, "-")
	if !ranged {
		to = from
	}
	first, err1 := strconv.ParseUint(from, 10, 16)
	last, err2 := strconv.ParseUint(to, 10, 16)
	return first, last, err1 == nil && err2 == nil && first <= last
}
