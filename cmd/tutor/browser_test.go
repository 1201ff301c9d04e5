package main_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A browser is Chromium without a window, moved by the W3C's WebDriver: what a test does in it, a person can do. It
// takes no data of an earlier run, and asks nobody on the internet.
type browser struct {
	t       *testing.T
	session string // the URL of what it is asked
}

// Keys that have no letter, as WebDriver writes them.
const enter, shift, control, released = "\ue007", "\ue008", "\ue009", "\ue000"

func newBrowser(t *testing.T) *browser {
	t.Helper()
	port := freePort(t, 0)
	data, err := os.MkdirTemp("", "tutor-browser-")
	require.NoError(t, err)
	driver := exec.Command(tool(t, "chromedriver"), "--port="+port)
	require.NoError(t, driver.Start())
	t.Cleanup(func() {
		driver.Process.Signal(os.Interrupt)
		driver.Wait()
		eventually(t, "its processes let go of its files", func() bool { return os.RemoveAll(data) == nil })
	})
	b := &browser{t, "http://127.0.0.1:" + port}
	eventually(t, "the driver answers", func() bool {
		answer, err := http.Get(b.session + "/status")
		if err == nil {
			answer.Body.Close()
		}
		return err == nil
	})
	var begun struct{ SessionID string }
	flags := strings.Fields("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking " +
		"--disable-component-update --disable-sync --no-proxy-server --window-size=1280,900 --user-data-dir=" + filepath.Join(data, "profile"))
	options := map[string]any{"args": flags, "binary": tool(t, "chromium")}
	require.NoError(t, b.ask("POST", "/session", map[string]any{"capabilities": map[string]any{"alwaysMatch": map[string]any{"goog:chromeOptions": options}}}, &begun))
	b.session += "/session/" + begun.SessionID
	t.Cleanup(func() { b.ask("DELETE", "", nil, nil) })
	return b
}

// ask is one request to the driver. The answer is {"value": …}, also of what went wrong.
func (b *browser) ask(method, path string, body, value any) error {
	var sent io.Reader
	if body != nil {
		content, err := json.Marshal(body)
		require.NoError(b.t, err)
		sent = bytes.NewReader(content)
	}
	request, err := http.NewRequest(method, b.session+path, sent)
	require.NoError(b.t, err)
	answer, err := (&http.Client{Timeout: time.Minute}).Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %.500s", method, path, content)
	}
	return json.Unmarshal(content, &struct{ Value any }{value})
}

// open waits for the server too: a container that has been started may need some seconds until it listens.
func (b *browser) open(url string) {
	b.t.Helper()
	b.must(url, func() error { return b.ask("POST", "/url", map[string]any{"url": url}, nil) })
}

// sees waits until the page shows text in an element of that CSS selector.
func (b *browser) sees(css, text string) {
	b.t.Helper()
	b.must(css+" with "+text, func() error { return b.shows(css, text) })
}

// shows looks once.
func (b *browser) shows(css, text string) error {
	var shown string
	const script = `return [...document.querySelectorAll(arguments[0])].map(e => e.innerText).join("\n")`
	err := b.ask("POST", "/execute/sync", map[string]any{"script": script, "args": []string{css}}, &shown)
	if err == nil && !strings.Contains(shown, text) {
		err = fmt.Errorf("%s: there is %q", css, shown)
	}
	return err
}

// press clicks on the element once it is there and nothing lies over it, and types what there is to type where the
// click has put the cursor.
func (b *browser) press(css, keys string) {
	b.t.Helper()
	b.must(css, func() error { return b.click(css) })
	if keys == "" {
		return
	}
	id, err := b.element("GET", "/element/active", nil)
	require.NoError(b.t, err)
	require.NoError(b.t, b.ask("POST", "/element/"+id+"/value", map[string]any{"text": keys}, nil))
}

// click tries once.
func (b *browser) click(css string) error {
	id, err := b.element("POST", "/element", map[string]any{"using": "css selector", "value": css})
	if err != nil {
		return err
	}
	return b.ask("POST", "/element/"+id+"/click", map[string]any{}, nil)
}

// element is the driver's name for what it has found: the value of an object with one key.
func (b *browser) element(method, path string, body any) (id string, err error) {
	var found map[string]string
	err = b.ask(method, path, body, &found)
	for _, id = range found {
	}
	return id, err
}

// must repeats what a page is not ready for yet; when that was in vain it says what is on the page.
func (b *browser) must(what string, try func() error) {
	b.t.Helper()
	if err := within(2*time.Minute, try); err != nil {
		var shown string
		b.ask("POST", "/execute/sync", map[string]any{"script": "return document.body.innerText", "args": []string{}}, &shown)
		require.NoError(b.t, err, "waiting in vain: %s; on the page:\n%s", what, shown)
	}
}

// within repeats until it works, or until there is no time left.
func within(bound time.Duration, try func() error) (err error) {
	for deadline := time.Now().Add(bound); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if err = try(); err == nil {
			return nil
		}
	}
	return err
}
