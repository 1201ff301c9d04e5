//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"

	"tutor/explain"
	"tutor/runtime/image"
)

// A conversation prints what a pull says to registries, and what it verified.
type conversation struct {
	sink
	form string // "text" or "json"
	seq  int
	step string // the last one that was printed
}

// asked prints one request. The registry's answers are not a call's result, so they stand with the attributes.
func (c *conversation) asked(e image.Exchange) {
	c.seq++
	r := explain.Request{Seq: c.seq, Op: e.Step, Lab: 5, HostPID: os.Getpid(), Protocol: "http", Message: e.Method + " " + e.URL,
		Answer: e.Status, Failed: e.Failure != nil || strings.HasPrefix(e.Status, "4") || strings.HasPrefix(e.Status, "5"), Took: e.Took}
	for _, h := range e.Sent {
		r.Attributes = append(r.Attributes, [2]string{"> " + h[0], h[1]})
	}
	for _, h := range e.Answer {
		r.Attributes = append(r.Attributes, [2]string{"< " + h[0], h[1]})
	}
	if e.Failure != nil {
		r.Answer = e.Failure.Error()
	}
	for _, step := range image.Steps {
		if step.Name == e.Step {
			r.Why, r.Man = step.Why, step.Man
		}
	}
	r.Shell = byHand(e)
	if c.form == "json" {
		explain.RequestJSON(c.out, r)
		return
	}
	explain.RequestText(c.out, r, c.style, c.step != e.Step)
	c.step = e.Step
}

// byHand is the same request with curl.
func byHand(e image.Exchange) string {
	words := []string{"curl", "-i"}
	if e.Method == "HEAD" {
		words[1] = "-I"
	}
	for _, h := range e.Sent {
		switch h[0] {
		case "authorization":
			words = append(words, `-H "Authorization: `+strings.Fields(h[1])[0]+` $TOKEN"`)
		default:
			words = append(words, fmt.Sprintf("-H '%s: %s'", h[0], h[1]))
		}
	}
	return strings.Join(append(words, "'"+e.URL+"'"), " ")
}

func (c *conversation) checked(v image.Check) {
	line := explain.Verified{Op: v.Step, What: v.What, Digest: v.Digest, Bytes: v.Bytes}
	if c.form == "json" {
		explain.VerifiedJSON(c.out, line)
		return
	}
	explain.VerifiedText(c.out, line, c.style)
}
