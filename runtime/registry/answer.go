package registry

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"
)

// A refusal is an answer in the spec's words (distribution-spec, "Error Codes").
type refusal struct {
	Status        int
	Code, Message string
}

func (r *refusal) Error() string { return r.Code + ": " + r.Message }

// An answer counts what goes out, for the journal.
type answer struct {
	http.ResponseWriter
	began  time.Time
	status int
	bytes  int64
	from   string // "store", "cache", "upstream", "shared"
	err    error  // why it was refused or cut
}

func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// WriteHeader begins the answer, and its time: the deadline of the connection's last answer is perhaps over.
func (a *answer) WriteHeader(status int) {
	a.status = status
	http.NewResponseController(a.ResponseWriter).SetWriteDeadline(time.Now().Add(writeTime))
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(p []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// refuse sends the spec's JSON. After the first byte of something else only cutting the line is left: a body that
// ends in order would be taken for the whole.
func (a *answer) refuse(err error) {
	a.err = err
	if a.status != 0 {
		panic(http.ErrAbortHandler)
	}
	var said *refusal
	if !errors.As(err, &said) {
		said = &refusal{http.StatusInternalServerError, "UNKNOWN", err.Error()}
	}
	a.json(said.Status, map[string]any{"errors": []any{
		map[string]any{"code": said.Code, "message": said.Message, "detail": nil}}})
}

func (a *answer) json(status int, value any) {
	a.Header().Set("Content-Type", "application/json")
	a.WriteHeader(status)
	json.NewEncoder(a).Encode(value)
}

// send is a document or a blob, with Range, If-None-Match and HEAD as http.ServeContent does them. What has a
// digest never changes: the digest is the ETag.
func (a *answer) send(r *http.Request, digest, contentType string, c content) error {
	header := a.Header()
	header.Set("Content-Type", contentType)
	header.Set("Docker-Content-Digest", digest)
	header.Set("ETag", `"`+digest+`"`)
	a.from = c.from
	t := &taken{content: c, line: http.NewResponseController(a.ResponseWriter)}
	if c.size >= 0 {
		http.ServeContent(a, r, "", time.Time{}, t)
		return t.err
	}
	a.WriteHeader(http.StatusOK) // upstream did not say how long: no Range, and the end is the end
	if r.Method == http.MethodGet {
		io.Copy(a, t)
	}
	return t.err
}

// A content is bytes from somewhere.
type content struct {
	io.ReadSeeker
	size int64  // -1: not known before its end
	from string // for the journal
}

// taken gives a client a minute for each piece, from when the piece is there. A limit on the whole answer would
// cut honest clients on slow lines; none at all would let the others hold our files for ever.
type taken struct {
	content
	line *http.ResponseController
	err  error // of reading; io.EOF is none
}

func (t *taken) Read(p []byte) (int, error) {
	n, err := t.content.Read(p[:min(len(p), 32<<10)])
	t.line.SetWriteDeadline(time.Now().Add(writeTime))
	if err != nil && !errors.Is(err, io.EOF) {
		t.err = err
	}
	return n, err
}
