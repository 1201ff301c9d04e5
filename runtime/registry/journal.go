package registry

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/docker/go-units"
)

// A Journal is what the teacher sees: a line for each request, and for each event that explains one.
type Journal struct {
	Out   io.Writer
	mutex sync.Mutex
}

// Say writes one line with the time.
func (j *Journal) Say(format string, values ...any) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	fmt.Fprintf(j.Out, "%s  %s\n", time.Now().Format("15:04:05"), fmt.Sprintf(format, values...))
}

// request is one line: who, what came of it, from where, how much, how long, what.
//
//	10:31:07  10.0.0.17        GET  200  upstream  48.2MB    3.1s  library/python@sha256:0123456789ab
func (j *Journal) request(r *http.Request, a *answer) {
	client, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		client = r.RemoteAddr
	}
	from := a.from
	if from == "" {
		from = "-"
	}
	why := ""
	if a.err != nil {
		why = ": " + printable(a.err.Error())
	}
	if r.Context().Err() != nil {
		why = ": the client went away"
	}
	j.Say("%-15s  %-4s %d  %-8s  %7s  %6s  %s%s", client, printable(r.Method), a.status, from,
		units.HumanSizeWithPrecision(float64(a.bytes), 3), time.Since(a.began).Round(time.Millisecond), what(r.URL.Path), why)
}

// what shortens a path to what people call it: library/python:latest, library/python@sha256:0123456789ab.
func what(path string) string {
	path = printable(strings.TrimPrefix(path, "/v2/"))
	path = strings.Replace(path, "/blobs/", "@", 1)
	if before, digest, found := strings.Cut(path, "/manifests/sha256:"); found {
		path = before + "@sha256:" + digest
	}
	path = strings.Replace(path, "/manifests/", ":", 1)
	if before, digest, found := strings.Cut(path, "@sha256:"); found && len(digest) == 64 {
		return before + "@sha256:" + digest[:12]
	}
	if path == "" || path == "/v2" {
		return "/v2/"
	}
	return path
}

// printable is s fit for a terminal: what a stranger wrote could hold escape sequences, or a second line.
func printable(s string) string {
	quoted := strconv.Quote(s)
	quoted = strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
	if len(quoted) > 300 {
		return quoted[:300] + "…"
	}
	return quoted
}

// errors is where net/http complains, a line at a time, and never a whole Go trace.
func (j *Journal) errors() *log.Logger { return log.New(firstLine{j}, "", 0) }

type firstLine struct{ *Journal }

func (f firstLine) Write(p []byte) (int, error) {
	line, _, _ := strings.Cut(string(p), "\n")
	f.Say("%s", printable(line))
	return len(p), nil
}
