package grader

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

// next is what a watch says of a change that is made while it waits.
func next(t *testing.T, w *Watch, change func()) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), pace.Times(20*time.Second))
	defer cancel()
	go change()
	name, err := w.Next(ctx)
	require.NoError(t, err)
	require.NoError(t, w.Look())
	return name
}

func TestAWatchHearsOfEverythingThatIsSaved(t *testing.T) {
	for _, name := range []string{"inotify", "once a second", "by a link, and the report by another name"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			require.NoError(t, os.WriteFile(filepath.Join(dir, "box.go"), []byte("one"), 0o644))
			written := filepath.Join(dir, "report.json")
			report := written
			if name[0] == 'b' {
				link := filepath.Join(t.TempDir(), "link")
				require.NoError(t, os.Symlink(dir, link))
				dir, report = link, filepath.Dir(dir)+"/./"+filepath.Base(dir)+"/report.json"
			}
			file := filepath.Join(dir, "box.go")
			w, err := NewWatch(dir, report)
			require.NoError(t, err)
			defer w.Close()
			if name[0] == 'o' {
				w.Close()
				w.events = nil
			}
			write := func(path, text string) func() { return func() { os.WriteFile(path, []byte(text), 0o644) } }
			require.Equal(t, file, next(t, w, write(file, "two")), "written over")
			below := filepath.Join(dir, "below", "new.go")
			require.NoError(t, os.Mkdir(filepath.Dir(below), 0o755))
			require.Equal(t, below, next(t, w, write(below, "new")), "in a folder that is new")
			require.Equal(t, file, next(t, w, func() {
				write(filepath.Join(dir, ".box.go.swp"), "an editor's")()
				write(written, "the grader's own")()
				write(filepath.Join(dir, ".other"), "other")()
				os.Rename(filepath.Join(dir, ".other"), file)
			}), "another file in its place")
			require.Equal(t, below, next(t, w, func() { os.Remove(below) }), "removed")
		})
	}
}

func TestAWatchOfOneProgramSeesAnotherInItsPlace(t *testing.T) {
	dir := t.TempDir()
	box := filepath.Join(dir, "box")
	require.NoError(t, os.WriteFile(box, []byte("one"), 0o755))
	w, err := NewWatch(box, "")
	require.NoError(t, err)
	defer w.Close()
	require.Equal(t, "inotify", w.How)
	require.Equal(t, box, next(t, w, func() {
		os.WriteFile(filepath.Join(dir, "new"), []byte("two"), 0o755)
		os.Rename(filepath.Join(dir, "new"), box)
	}))
}

func TestAWatchEndsWhenItIsToldTo(t *testing.T) {
	w, err := NewWatch(t.TempDir(), "")
	require.NoError(t, err)
	defer w.Close()
	ctx, cancel := context.WithCancel(context.Background())
	go cancel()
	_, err = w.Next(ctx)
	require.ErrorIs(t, err, context.Canceled)
}
