package image

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Blobs is what every blob of the store takes on disk, in bytes, by its digest.
func (s *Store) Blobs() (map[string]int64, error) {
	entries, err := os.ReadDir(s.path("blobs/sha256"))
	sizes := map[string]int64{}
	for _, e := range entries {
		if size, ok := onDisk(e); ok {
			sizes["sha256:"+e.Name()] = size
		}
	}
	return sizes, err
}

// Unfinished is what pulls that were broken off have left, and what those under way have brought so far: how many
// blobs, and what they take on disk.
func (s *Store) Unfinished() (blobs int, bytes int64) {
	filepath.WalkDir(s.path("tmp"), func(_ string, e fs.DirEntry, err error) error {
		if err != nil {
			return nil // it has just become whole
		}
		if size, ok := onDisk(e); ok {
			blobs, bytes = blobs+1, bytes+size
		}
		return nil
	})
	return blobs, bytes
}

// onDisk is what a file takes on disk, whatever length it says (stat(2), st_blocks).
func onDisk(e fs.DirEntry) (int64, bool) {
	info, err := e.Info()
	if err != nil || !info.Mode().IsRegular() {
		return 0, false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return info.Size(), true
	}
	return stat.Blocks * 512, true
}
