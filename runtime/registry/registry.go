// Package registry is a registry for a classroom: it serves what the store holds, and passes on what Docker Hub
// has, fetching each piece once. Without it thirty laptops behind one address meet Docker Hub's rate limit, and
// pull the same hundred megabytes thirty times through one line.
//
// It speaks the pull half of the OCI distribution-spec, and nothing that writes.
package registry

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/netutil"

	"tutor/runtime/image"
	"tutor/runtime/sys"
)

// A Server answers clients. Whoever reaches it may have all it serves: there is no login.
type Server struct {
	Shelf   Shelf
	Cache   *Cache // nil: the store and nothing else
	Journal *Journal
}

// What a stranger may take of our time and memory.
const (
	headerTime  = 10 * time.Second // for the request's header
	idleTime    = time.Minute      // between two requests
	writeTime   = time.Minute      // for taking the next 32 KiB of an answer
	headerBytes = 16 << 10
	connections = 512             // at a time; more wait
	grace       = 5 * time.Second // for transfers under way, when we end
)

// Serve answers on l until ctx ends; then transfers under way are given a moment. It closes l.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          s.Journal.errors(),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(netutil.LimitListener(l, connections)) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	moment, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if server.Shutdown(moment) != nil {
		server.Close()
	}
	return nil
}

// ServeHTTP answers one request and writes its line into the journal.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := &answer{ResponseWriter: w, began: time.Now()}
	defer s.Journal.request(r, a)
	a.Header().Set("Docker-Distribution-API-Version", "registry/2.0")
	if err := s.answer(a, r); err != nil {
		a.refuse(err)
	}
}

func (s *Server) answer(a *answer, r *http.Request) error {
	if err := onlyReading(a, r); err != nil {
		return err
	}
	q, err := parsePath(r.URL.Path, r.URL.Query().Get("ns"))
	if err != nil {
		return err
	}
	if q.kind != base && s.ourselves(r) {
		return &refusal{http.StatusNotFound, "UNSUPPORTED", "this registry is its own mirror: the next one is asked"}
	}
	switch q.kind {
	case catalog:
		return s.catalog(a, r)
	case tags:
		return s.tags(a, r, q.ref)
	case manifest:
		return s.manifest(a, r, q.ref)
	case blob:
		return s.blob(a, r, q.ref)
	}
	a.Header().Set("Content-Type", "application/json")
	_, err = io.WriteString(a, "{}\n")
	return err
}

// onlyReading refuses everything that writes. A body is not waited for: it could come as slowly as its sender
// likes.
func onlyReading(a *answer, r *http.Request) error {
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	if reads && r.ContentLength == 0 {
		return nil
	}
	http.NewResponseController(a.ResponseWriter).SetReadDeadline(time.Now().Add(time.Second))
	a.Header().Set("Connection", "close")
	if reads {
		return &refusal{http.StatusBadRequest, "UNSUPPORTED", "a GET has no body"}
	}
	a.Header().Set("Allow", "GET, HEAD")
	return &refusal{http.StatusMethodNotAllowed, "UNSUPPORTED",
		"this registry is read-only: it serves what 'tutor pull', 'load' and 'commit' brought into the store"}
}

// ourselves tells a request that we made: the teacher's own machine has us in its list of mirrors. To answer it
// would be to wait for ourselves.
func (s *Server) ourselves(r *http.Request) bool {
	return s.Cache != nil && strings.Contains(strings.Join(r.Header.Values("Via"), ","), s.Cache.name)
}

// upstream tells if ref may be asked for elsewhere: only a name of Docker Hub.
func (s *Server) upstream(ref image.Reference) bool { return s.Cache != nil && ref.OnHub() }

// elsewhere turns what upstream said into what we say. A registry hides private repositories by the same 401 as
// missing ones; a client that heard 401 would ask us for the way to log in.
func elsewhere(err error, unknown *refusal) error {
	words := reason(err)
	if sys.Full(err) {
		return &refusal{http.StatusInsufficientStorage, "UNKNOWN", "the disk of this registry is full"}
	}
	switch image.Answered(err) {
	case http.StatusNotFound, http.StatusUnauthorized, http.StatusForbidden:
		return &refusal{unknown.Status, unknown.Code, words}
	case http.StatusTooManyRequests:
		return &refusal{http.StatusTooManyRequests, "TOOMANYREQUESTS", words}
	}
	return &refusal{http.StatusBadGateway, "UNKNOWN", "upstream: " + words}
}
