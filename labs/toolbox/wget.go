package toolbox

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func wget(t *tool) error {
	o, err := parse("qSO:T:cH: spider=c header=H timeout=T output-document=O quiet=q server-response=S", t.args)
	if err != nil {
		return err
	}
	if len(o.rest) != 1 {
		return usageError("a URL, please")
	}
	address := o.rest[0]
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return usageError(o.rest[0] + ": not a URL")
	}
	seconds, err := o.seconds('T', 900)
	if err != nil {
		return err
	}
	request, err := http.NewRequest("GET", u.String(), nil)
	if err != nil {
		return err
	}
	request.Header.Set("User-Agent", "Wget")
	for _, header := range o.given['H'] {
		name, value, _ := strings.Cut(header, ":")
		request.Header.Set(name, strings.TrimSpace(value))
	}
	return t.fetch(o, request, time.Duration(seconds*float64(time.Second)))
}

func (t *tool) fetch(o options, request *http.Request, limit time.Duration) error {
	say := func(format string, a ...any) {
		if !o.has("q") {
			fmt.Fprintf(os.Stderr, format, a...)
		}
	}
	dialer := &net.Dialer{Timeout: limit}
	transport := &http.Transport{DialContext: dialer.DialContext, Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true}
	say("Connecting to %s\n", request.URL.Host)
	response, err := (&http.Client{Transport: transport, Timeout: limit}).Do(request)
	if err != nil {
		return unreachable(request.URL, err)
	}
	defer response.Body.Close()
	if o.has("S") {
		fmt.Fprintf(os.Stderr, "  %s %s\n", response.Proto, response.Status)
		for name, values := range response.Header {
			fmt.Fprintf(os.Stderr, "  %s: %s\n", name, strings.Join(values, ", "))
		}
	}
	if response.StatusCode >= 400 {
		return fmt.Errorf("server returned error: %s %s", response.Proto, response.Status)
	}
	if o.has("c") {
		say("remote file exists\n")
		return nil
	}
	return save(o.value('O', ""), request.URL, response.Body, say)
}

func save(name string, u *url.URL, body io.Reader, say func(string, ...any)) error {
	if name == "-" {
		_, err := io.Copy(os.Stdout, body)
		return err
	}
	if name == "" {
		if name = path.Base(u.Path); name == "/" || name == "." || strings.HasSuffix(u.Path, "/") {
			name = "index.html"
		}
	}
	say("saving to '%s'\n", name)
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, body)
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	say("'%s' saved, %d bytes\n", name, n)
	return nil
}

// unreachable says in busybox's words why there is no answer.
func unreachable(u *url.URL, err error) error {
	var lookup *net.DNSError
	if errors.As(err, &lookup) {
		return fmt.Errorf("bad address '%s'", u.Hostname())
	}
	var errno unix.Errno
	if errors.As(err, &errno) {
		return fmt.Errorf("can't connect to remote host (%s): %s", u.Host, reason(errno))
	}
	var wait net.Error
	if errors.As(err, &wait) && wait.Timeout() {
		return errors.New("download timed out")
	}
	return err
}
