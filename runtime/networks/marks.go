package networks

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// A Mark is there while something goes on that nobody can do at one stroke. A tutor that is killed in the middle of it leaves
// the mark, and the next one sees to it.
type Mark string

// Renewing is the firewall made anew: its rules are there, and not yet the ports of all who run.
const Renewing Mark = "renewing"

// Plugging is one more cable for a container that runs.
func Plugging(n Network, container string) Mark { return Mark("plugging_" + n.ID + "_" + container) }

// Plugged reads which network and which container that is.
func (m Mark) Plugged() (network, container string, is bool) {
	rest, is := strings.CutPrefix(string(m), "plugging_")
	network, container, _ = strings.Cut(rest, "_")
	return network, container, is
}

const markPrefix = ".mark-" // beside the networks' directories

func (s Store) markFile(m Mark) string { return filepath.Join(s.Run, markPrefix+string(m)) }

// Begin sets a mark.
func (s Store) Begin(m Mark) error { return os.WriteFile(s.markFile(m), nil, 0o600) }

// Done takes it away.
func (s Store) Done(m Mark) error {
	if err := os.Remove(s.markFile(m)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Begun are the marks that are set.
func (s Store) Begun() (all []Mark) {
	entries, _ := os.ReadDir(s.Run)
	for _, e := range entries {
		if name, is := strings.CutPrefix(e.Name(), markPrefix); is {
			all = append(all, Mark(name))
		}
	}
	return all
}
