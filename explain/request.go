package explain

import (
	"encoding/hex"
	"fmt"
	"io"
	"strings"
	"time"

	"tutor/runtime/sys"
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
		Bytes      string            `json:"bytes,omitempty"` // as they were sent, in hexadecimal
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
		r.Answer, r.Took.Nanoseconds(), r.Why, r.Shell, r.Man, ""})
}

// requests are the messages that a call sends over netlink. Its number is that of the call.
func (t Trace) requests(n int) (lines []requestLine) {
	r := t.Results[n]
	op := t.Program[r.Op]
	host, _ := t.pids(op)
	for _, m := range r.Call.Messages {
		attributes := map[string]string{}
		for _, pair := range m.Pairs() {
			attributes[pair[0]] = pair[1]
		}
		lines = append(lines, requestLine{Type: "request", Seq: t.Before + n + 1, Op: op.Name, Lab: op.Lab, By: op.By.String(), HostPID: host, Protocol: m.Protocol,
			Message: m.Name, Attributes: attributes, Result: t.answerTo(n), Why: op.Why, Shell: op.Shell, Man: op.Man, Bytes: hex.EncodeToString(m.Bytes())})
	}
	return lines
}

// answerTo is what the kernel answered to the messages of a call, in the call that follows it: "0", or an error's name.
func (t Trace) answerTo(n int) string {
	if n+1 >= len(t.Results) || t.Results[n+1].End == 0 {
		return ""
	}
	if refused := t.Results[n+1].Refused(); refused != 0 {
		return sys.ErrnoName(refused)
	}
	return "0"
}

// messages prints below a call what it sends: one line a message.
func messages(b *strings.Builder, s Style, call sys.Call) {
	for _, m := range call.Messages {
		var parts []string
		for _, pair := range m.Pairs() {
			parts = append(parts, pair[0]+"="+pair[1])
		}
		if m.Words != "" {
			parts = []string{m.Words}
		}
		if len(parts) > 0 {
			fmt.Fprintf(b, "        %s %s\n", s.name(m.Name), strings.Join(parts, ", "))
		}
	}
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
