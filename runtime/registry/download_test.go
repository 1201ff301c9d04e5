package registry

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// one is a served image with one layer.
func one(t *testing.T) (u *upstream, s *served, path string, data []byte) {
	t.Helper()
	u = newUpstream(t)
	digest, data := layerOf(t, u.push(t, "library/a", newImage(t, "amd64")))
	return u, serve(t, newStore(t), t.TempDir(), u.URL), "/v2/library/a/blobs/" + digest, data
}

func TestOneDownloadFeedsAllClientsWhileItComesIn(t *testing.T) {
	u, s, path, data := one(t)
	const clients = 30
	var begun, done sync.WaitGroup
	begun.Add(clients)
	u.set(blobOnly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		w.Write(data[:len(data)/2])
		w.(http.Flusher).Flush()
		begun.Wait() // the rest comes when every client has the first half in hand
		w.Write(data[len(data)/2:])
	}))
	for range clients {
		done.Go(func() {
			resp, err := http.Get(s.url + path)
			if err != nil {
				t.Error(err)
				begun.Done()
				return
			}
			defer resp.Body.Close()
			first := make([]byte, len(data)/4)
			if _, err := io.ReadFull(resp.Body, first); err != nil {
				t.Error(err)
			}
			begun.Done()
			rest, err := io.ReadAll(resp.Body)
			if err != nil || !bytes.Equal(append(first, rest...), data) {
				t.Errorf("%d bytes and other ones than upstream has: %v", len(first)+len(rest), err)
			}
		})
	}
	done.Wait()
	require.Equal(t, 1, u.times("/blobs/"))
	require.Equal(t, 1, strings.Count(s.journal.String(), " upstream "))
	require.Equal(t, clients-1, strings.Count(s.journal.String(), " shared "))
	sameBytes(t, data, s.get(path).body)
	require.Equal(t, 1, u.times("/blobs/"), "the second day costs nothing")
}

func TestABrokenLineIsTakenUpWhereItBroke(t *testing.T) {
	for name, honours := range map[string]bool{"by Range": true, "by a server that starts over": false} {
		t.Run(name, func(t *testing.T) {
			u, s, path, data := one(t)
			var times atomic.Int32
			u.set(blobOnly(func(w http.ResponseWriter, r *http.Request) {
				if times.Add(1) == 1 {
					w.Header().Set("Content-Length", strconv.Itoa(len(data)))
					w.Write(data[:700_000])
					panic(http.ErrAbortHandler)
				}
				if !honours {
					r.Header.Del("Range")
				}
				http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
			}))
			got := s.get(path)
			require.NoError(t, got.err)
			sameBytes(t, data, got.body)
			require.Equal(t, 2, u.times("/blobs/"))
			require.Equal(t, 1, u.times("bytes="), "the second asks for the rest")
		})
	}
}

func TestAClientThatGoesAwayCancelsNobody(t *testing.T) {
	u, s, path, data := one(t)
	gone := make(chan struct{})
	u.set(blobOnly(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(data)))
		w.Write(data[:len(data)/2])
		w.(http.Flusher).Flush()
		<-gone
		w.Write(data[len(data)/2:])
	}))
	resp, err := http.Get(s.url + path)
	require.NoError(t, err)
	_, err = io.ReadFull(resp.Body, make([]byte, 1000))
	require.NoError(t, err)
	resp.Body.Close()
	require.Eventually(t, func() bool { return strings.Contains(s.journal.String(), "the client went away") }, 10*time.Second, time.Millisecond)
	close(gone)
	sameBytes(t, data, s.get(path).body)
	require.Equal(t, 1, u.times("/blobs/"))
}

func TestNobodyGetsTheWholeOfAWrongBlob(t *testing.T) {
	u, s, path, data := one(t)
	for name, send := range map[string]func(w http.ResponseWriter){
		"other bytes, size said": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", strconv.Itoa(len(data)))
			w.Write(rubbish(len(data)))
		},
		"other bytes in one piece": func(w http.ResponseWriter) { w.Write(rubbish(10)) },
		"a size that is a lie": func(w http.ResponseWriter) {
			w.Header().Set("Content-Length", strconv.Itoa(len(data)-1))
			w.Write(data[:len(data)-1])
		},
	} {
		t.Run(name, func(t *testing.T) {
			u.set(blobOnly(func(w http.ResponseWriter, _ *http.Request) { send(w) }))
			got := s.get(path)
			require.True(t, got.err != nil || got.StatusCode == http.StatusBadGateway, "%d bytes came as if all were well", len(got.body))
			require.Empty(t, s.kept())
			require.Contains(t, s.journal.String(), errWrong.Error())
		})
	}
	u.set(nil)
	sameBytes(t, data, s.get(path).body, "and when upstream is right again, so are we")
}

func TestAnUpstreamThatDoesNotSayTheSize(t *testing.T) {
	u, s, path, data := one(t)
	u.set(blobOnly(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(data[:len(data)/2])
		w.(http.Flusher).Flush() // chunked from here on
		w.Write(data[len(data)/2:])
	}))
	got := s.get(path)
	require.NoError(t, got.err)
	sameBytes(t, data, got.body)
	require.EqualValues(t, len(data), s.get(path).ContentLength, "from the cache it is known")
}

func TestWhatAKilledServerLeftIsGoneOnWith(t *testing.T) {
	for name, c := range map[string]struct {
		left func(data []byte) []byte
		asks []string // what upstream is asked, after BLOB
	}{
		"half of it":                  {func(data []byte) []byte { return data[:1000] }, []string{" bytes=1000-"}},
		"all of it":                   {func(data []byte) []byte { return data }, nil},
		"more than it, of other":      {func(data []byte) []byte { return rubbish(len(data) + 5) }, []string{fmt.Sprintf(" bytes=%d-", 1<<20+5), ""}},
		"nothing, but there it stood": {func([]byte) []byte { return nil }, []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			u, s, path, data := one(t)
			digest := path[strings.LastIndex(path, "/")+1:]
			u.set(blobOnly(func(w http.ResponseWriter, r *http.Request) {
				http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
			}))
			require.NoError(t, os.WriteFile(s.Cache.partialPath(digest), c.left(data), 0o600))
			sameBytes(t, data, s.get(path).body)
			require.Equal(t, len(c.asks), u.times("/blobs/"))
			for _, a := range c.asks {
				require.NotZero(t, u.times(strings.ReplaceAll(a, strconv.Itoa(1<<20+5), strconv.Itoa(len(data)+5))))
			}
			require.Equal(t, []string{fmt.Sprintf("blobs/%s %d", digest, len(data))}, s.kept())
		})
	}
}

func TestAHalfThatWasSpoiltIsThrownAway(t *testing.T) {
	u, s, path, data := one(t)
	u.set(blobOnly(func(w http.ResponseWriter, r *http.Request) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	}))
	require.NoError(t, os.WriteFile(s.Cache.partialPath(path[strings.LastIndex(path, "/")+1:]), make([]byte, 1000), 0o600)) // a power cut
	got := s.get(path)
	require.True(t, got.err != nil || got.StatusCode == http.StatusBadGateway, "cut, or refused if nothing had gone out yet")
	sameBytes(t, data, s.get(path).body)
}

func TestAFullDiskIsSaidAndNothingHalfIsKept(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("needs root: a disk of 512 KiB is a mount")
	}
	u := newUpstream(t)
	digest, _ := layerOf(t, u.push(t, "library/a", newImage(t, "amd64")))
	dir := t.TempDir()
	require.NoError(t, unix.Mount("tmpfs", dir, "tmpfs", 0, "size=512k"))
	t.Cleanup(func() { require.NoError(t, unix.Unmount(dir, unix.MNT_DETACH)) })
	s := serve(t, newStore(t), dir, u.URL)
	got := s.get("/v2/library/a/blobs/" + digest)
	require.True(t, got.err != nil || got.StatusCode == http.StatusInsufficientStorage)
	require.Contains(t, s.journal.String(), "no space left on device")
	require.Empty(t, s.kept())
}

func TestAFullDiskBeforeTheFirstByteIsAnAnswer(t *testing.T) {
	err := elsewhere(&os.PathError{Op: "write", Err: unix.ENOSPC}, &refusal{})
	var said *refusal
	require.ErrorAs(t, err, &said)
	require.Equal(t, http.StatusInsufficientStorage, said.Status)
	require.Contains(t, said.Message, "full")
}

func TestTheLastByteWaitsForTheDigest(t *testing.T) {
	for name, verdict := range map[string]error{"right": nil, "wrong": errWrong} {
		t.Run(name, func(t *testing.T) {
			file, err := os.Create(filepath.Join(t.TempDir(), "partial"))
			require.NoError(t, err)
			defer file.Close()
			_, err = file.WriteString("0123456789")
			require.NoError(t, err)
			d := newDownload("")
			d.begin(10)
			d.grow(10) // all is in, and nobody has looked at its digest yet
			f := &follower{ctx: t.Context(), d: d, file: file, size: 10}
			buffer := make([]byte, 20)
			n, err := f.Read(buffer)
			require.NoError(t, err)
			require.Equal(t, "012345678", string(buffer[:n]))
			d.finish(10, verdict)
			n, err = f.Read(buffer)
			require.ErrorIs(t, err, verdict)
			require.Equal(t, verdict == nil, n == 1)
		})
	}
}
