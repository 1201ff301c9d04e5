package toolbox

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// httpd serves the files of a directory. Like busybox's it goes to the background unless told -f; as PID 1 it
// stays in any case, because the container ends with its PID 1.
func httpd(t *tool) error {
	o, err := parse("fvp:h:", t.args)
	if err != nil {
		return err
	}
	address := o.value('p', "80")
	if !strings.Contains(address, ":") {
		address = ":" + address
	}
	dir := o.value('h', ".")
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return at(dir, unix.ENOTDIR)
	}
	l, err := listener(address)
	if err != nil {
		return fmt.Errorf("bind %s: %s", address, cause(err))
	}
	if os.Getpid() == 1 || o.has("f") {
		t.diesOf(unix.SIGTERM, unix.SIGINT)
		return t.serve(l, dir, o.has("v"))
	}
	// The background process gets the socket that is already open: whoever types wget next finds a server.
	socket, err := l.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	_, err = os.StartProcess(self("httpd"), append([]string{"httpd", "-f"}, t.args...), &os.ProcAttr{
		Env: append(os.Environ(), "LISTEN_FDS=1"), Files: []*os.File{nil, nil, nil, socket}, Sys: &unix.SysProcAttr{Setsid: true},
	})
	return err
}

// listener is a socket handed down as descriptor 3 (sd_listen_fds(3)), or a new one.
func listener(address string) (net.Listener, error) {
	if os.Getenv("LISTEN_FDS") == "1" {
		return net.FileListener(os.NewFile(3, "socket"))
	}
	return net.Listen("tcp", address)
}

func (t *tool) serve(l net.Listener, dir string, verbose bool) error {
	files := http.FileServer(http.Dir(dir))
	return http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if verbose {
			fmt.Fprintf(os.Stderr, "%s %s %s\n", r.RemoteAddr, r.Method, r.URL.Path)
		}
		files.ServeHTTP(w, r)
	}))
}
