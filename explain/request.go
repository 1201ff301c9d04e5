package explain

import (
	"fmt"
	"io"
	"strings"
	"time"
)

// A Request is one question to somebody who is not the kernel's system-call table: a registry over HTTP, the
// kernel's network over netlink. It is recorded where it is sent.
type Request struct {
	Seq        int
	Op         string // what it is for
	Lab        int
	Why        string
	Shell      string // the same, typed by hand
	Man        string
	HostPID    int
	Protocol   string // "http"
	Message    string // "GET https://…"
	Attributes [][2]string
	Answer     string // "200 OK", or what went wrong
	Failed     bool
	Took       time.Duration
}

// A Verified is one thing that was checked before anything relied on it.
type Verified struct {
	Op, What, Digest string
	Bytes            int64
}

type (
	requestLine struct {
		Type       string            `json:"type"`
		Seq        int               `json:"seq"`
		Op         string            `json:"op"`
		Lab        int               `json:"lab"`
		By         string            `json:"by"`
		HostPID    int               `json:"host_pid"`
		Protocol   string            `json:"protocol"`
		Message    string            `json:"message"`
		Attributes map[string]string `json:"attributes"`
		Result     string            `json:"result"`
		DurationNS int64             `json:"duration_ns"`
		Why        string            `json:"why"`
		Shell      string            `json:"shell"`
		Man        string            `json:"man"`
	}
	verifiedLine struct {
		Type   string `json:"type"`
		Op     string `json:"op"`
		What   string `json:"what"`
		Digest string `json:"digest"`
		Bytes  int64  `json:"bytes"`
	}
)

// RequestJSON prints one request as one line.
func RequestJSON(w io.Writer, r Request) error {
	attributes := map[string]string{}
	for _, a := range r.Attributes {
		attributes[a[0]] = a[1]
	}
	return encoder(w).Encode(requestLine{"request", r.Seq, r.Op, r.Lab, "host", r.HostPID, r.Protocol, r.Message, attributes,
		r.Answer, r.Took.Nanoseconds(), r.Why, r.Shell, r.Man})
}

// VerifiedJSON prints one check as one line.
func VerifiedJSON(w io.Writer, v Verified) error {
	return encoder(w).Encode(verifiedLine{"verified", v.Op, v.What, v.Digest, v.Bytes})
}

// RequestText prints one request, below its reason if that is a new one.
func RequestText(w io.Writer, r Request, s Style, fresh bool) {
	var b strings.Builder
	if fresh {
		fmt.Fprintf(&b, "\n%s %s\n", s.name(r.Op), r.Why)
		fmt.Fprintf(&b, "    %s  %s\n", s.quiet("$ "+r.Shell), s.quiet(fmt.Sprintf("# lab %d, %s", r.Lab, r.Man)))
	}
	answer := r.Answer
	if r.Failed {
		answer = s.bad(answer)
	}
	fmt.Fprintf(&b, "%4d  %-5s %6d %5s %6d µs  %s = %s\n", r.Seq, "host", r.HostPID, "-", r.Took.Microseconds(), s.call(r.Message), answer)
	for _, a := range r.Attributes {
		fmt.Fprintf(&b, "      %s %s\n", s.quiet(a[0]+":"), a[1])
	}
	io.WriteString(w, b.String())
}

// VerifiedText prints one check below the request that it belongs to.
func VerifiedText(w io.Writer, v Verified, s Style) {
	fmt.Fprintf(w, "      %s %s, %d bytes: %s\n", s.name("verified:"), v.Digest, v.Bytes, v.What)
}
