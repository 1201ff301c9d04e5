//go:build linux

package main

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"unicode"

	"tutor/runtime/container"
)

// What is said of names becomes lines of the container's /etc/hosts, /etc/hostname and /etc/resolv.conf, which have no quotes: a
// line break within a name would be a line more, and a blank a name more.

// readNames checks --hostname, --add-host and the --dns-…, and has what they say in the one form that is written down.
func readNames(o *container.Options) (err error) {
	if len(o.Hostname) > longestHostname || !oneWord(o.Hostname) {
		return container.Hint(fmt.Errorf("invalid hostname: %.80q", o.Hostname), fmt.Sprintf("one word of at most %d bytes: --hostname web-1", longestHostname))
	}
	for i, text := range o.ExtraHosts {
		if o.ExtraHosts[i], err = extraHost(text); err != nil {
			return err
		}
	}
	for i, text := range o.DNSSearch {
		if o.DNSSearch[i], err = searchDomain(text); err != nil {
			return err
		}
	}
	for _, text := range o.DNSOptions {
		if !oneWord(text) {
			return container.Hint(fmt.Errorf("invalid argument %q for \"--dns-option\" flag", text), "one word for each --dns-option: ndots:1; resolv.conf(5) has them")
		}
	}
	return nil
}

// longestHostname is what sethostname(2) takes (__NEW_UTS_LEN).
const longestHostname = 64

// oneWord tells if a text ends no line, splits none, and begins no comment.
func oneWord(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == '#' || r == ';' })
}

var hostName = regexp.MustCompile(`^[a-zA-Z0-9_]([a-zA-Z0-9_.-]*[a-zA-Z0-9_])?$`)

// extraHost reads NAME:ADDRESS, NAME=ADDRESS, and an address in brackets; it gives the first.
func extraHost(text string) (string, error) {
	name, value, found := strings.Cut(text, "=")
	if !found {
		name, value, found = strings.Cut(text, ":")
	}
	if inside, bracketed := strings.CutPrefix(value, "["); bracketed && strings.HasSuffix(inside, "]") {
		value = strings.TrimSuffix(inside, "]")
	}
	if a, err := netip.ParseAddr(value); found && hostName.MatchString(name) && (err == nil && a.Zone() == "" || value == "host-gateway") {
		return name + ":" + value, nil
	}
	return "", container.Hint(fmt.Errorf("bad format for add-host: %q", text), "--add-host NAME:ADDRESS, or NAME:host-gateway")
}

// searchDomain reads a domain; a dot at its end says no more, and a dot alone is none at all.
func searchDomain(text string) (string, error) {
	if text = strings.TrimSpace(text); text == "." {
		return text, nil
	}
	domain := strings.TrimSuffix(text, ".")
	if !hostName.MatchString(domain) || !strings.ContainsFunc(domain, unicode.IsLetter) || len(domain) > 254 {
		return "", container.Hint(fmt.Errorf("invalid argument %q for \"--dns-search\" flag: %q is not a valid domain", text, text), "one domain for each --dns-search: --dns-search example.org; a dot alone is none")
	}
	return domain, nil
}
