package image

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"syscall"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// Hints that several failures share.
const (
	hintLogin   = "check the spelling; for a private image log in: tutor login"
	hintOffline = "without a network tutor/lab is always there: tutor run -it tutor/lab"
	hintNobody  = "a registry of one's own needs no network: tutor registry serve"
	hintTLS     = `a registry without (valid) TLS must be named in /etc/tutor/config.json: {"insecure-registries": ["HOST:PORT"]}`
	hintProxy   = "HTTP_PROXY, HTTPS_PROXY and NO_PROXY say which proxy is asked for what; one that wants a password: http://USER:PASSWORD@HOST:PORT"
	hintLimit   = `a mirror goes into /etc/tutor/config.json: {"registry-mirrors": ["http://HOST:5000"]}; one for a whole class: tutor registry serve --cache`
)

// explain turns a failed pull, push or login (op) into one sentence, Docker's where there is one, and advice.
func explain(op string, err error, ref Reference, e endpoint) *Error {
	explained := reason(op, err, ref, e)
	explained.Op, explained.Err = op, err
	return explained
}

func reason(op string, err error, ref Reference, e endpoint) *Error {
	var known *Error
	if errors.As(err, &known) {
		return &Error{Msg: known.Error(), Hint: known.Hint}
	}
	var busy *busyError
	if errors.As(err, &busy) {
		return &Error{Msg: busy.Error(), Hint: hintLimit}
	}
	var answer *transport.Error
	if errors.As(err, &answer) {
		return explainAnswer(op, answer, ref)
	}
	offline := hintOffline
	if op != "pull" {
		offline = hintNobody
	}
	return explainNetwork(err, e, offline)
}

// explainAnswer is for a registry that answered no. Registries hide private repositories by answering the same
// for "not yours" and "not there", so Docker's sentence says both.
func explainAnswer(op string, answer *transport.Error, ref Reference) *Error {
	code := ""
	for _, d := range answer.Errors {
		code = string(d.Code)
	}
	denied := &Error{Hint: hintLogin, Msg: fmt.Sprintf(
		"pull access denied for %s, repository does not exist or may require 'docker login'", ref.FamiliarName())}
	if op == "push" {
		denied.Msg = "denied: requested access to the resource is denied"
	}
	missing := &Error{Hint: "the repository is there, this tag is not",
		Msg: fmt.Sprintf("manifest for %s not found: manifest unknown", ref.Familiar())}
	if ref.Digest != "" {
		missing.Hint = "the repository is there, and nothing in it has this digest"
	}
	switch {
	case code == "MANIFEST_UNKNOWN":
		return missing
	case code == "NAME_UNKNOWN", answer.StatusCode == http.StatusUnauthorized, answer.StatusCode == http.StatusForbidden:
		return denied
	case code == "BLOB_UNKNOWN":
		return &Error{Msg: "the registry lacks a layer that its manifest lists: blob unknown"}
	case answer.StatusCode == http.StatusNotFound:
		missing.Hint = "is there such a repository, and is this a registry?"
		return missing
	}
	return &Error{Msg: strings.TrimSpace(answer.Error())}
}

// explainNetwork is for a registry that did not answer at all, or not what was asked. offline is what to do without one.
func explainNetwork(err error, e endpoint, offline string) *Error {
	out := &Error{Msg: fmt.Sprintf("%s: %v", e, err)}
	var refusal *proxyError
	var network *net.OpError
	var dns *net.DNSError
	var authority x509.UnknownAuthorityError
	var certificate x509.CertificateInvalidError
	var hostname x509.HostnameError
	var timeout net.Error
	switch {
	case errors.As(err, &refusal):
		out.Msg, out.Hint = fmt.Sprintf("%s: %v", e, refusal), hintProxy
	case errors.As(err, &network) && network.Op == "proxyconnect":
		out.Msg, out.Hint = fmt.Sprintf("%s: the proxy cannot be reached: %v", e, network.Err), hintProxy
	case errors.As(err, &dns):
		out.Msg, out.Hint = fmt.Sprintf("%s: lookup %s: no such host", e, dns.Name), offline
	case errors.Is(err, syscall.ECONNREFUSED):
		out.Msg, out.Hint = fmt.Sprintf("%s: connection refused", e), "is the registry running, and is the port right? "+offline
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		out.Msg, out.Hint = fmt.Sprintf("%s: network is unreachable", e), offline
	case errors.As(err, &authority), errors.As(err, &certificate), errors.As(err, &hostname):
		out.Hint = hintTLS
	case errors.Is(err, errPlain), strings.Contains(err.Error(), "server gave HTTP response to HTTPS client"):
		out.Msg, out.Hint = fmt.Sprintf("%s: server gave HTTP response to HTTPS client", e), hintTLS
	case errors.As(err, &timeout) && timeout.Timeout():
		out.Msg, out.Hint = fmt.Sprintf("%s: no answer in time", e), offline
	}
	return out
}
