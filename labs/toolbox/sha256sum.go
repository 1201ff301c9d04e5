package toolbox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
)

func sha256sum(t *tool) error {
	o, err := parse("cb check=c", t.args)
	if err != nil {
		return err
	}
	t.each(o.rest, func(path string, r io.Reader) error {
		if o.has("c") {
			return t.check(r)
		}
		digest, err := sum(r)
		if err == nil {
			t.println(digest + "  " + path)
		}
		return err
	})
	return nil
}

func sum(r io.Reader) (string, error) {
	h := sha256.New()
	_, err := io.Copy(h, r)
	return hex.EncodeToString(h.Sum(nil)), err
}

// check reads a list of digests and compares.
func (t *tool) check(list io.Reader) error {
	wrong := 0
	err := eachLine(list, func(line string, _ bool) bool {
		want, path, ok := strings.Cut(line, " ")
		if !ok {
			return true
		}
		path = strings.TrimLeft(path, " *")
		f, err := os.Open(path)
		have := ""
		if err == nil {
			have, err = sum(f)
			f.Close()
		}
		t.complain(err)
		verdict := "OK"
		if err != nil || !strings.EqualFold(have, want) {
			verdict = "FAILED"
			wrong++
		}
		t.println(path + ": " + verdict)
		return true
	})
	if err == nil && wrong > 0 {
		err = fmt.Errorf("WARNING: %d computed checksum(s) did NOT match", wrong)
	}
	return err
}
