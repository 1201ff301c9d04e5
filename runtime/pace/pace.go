// Package pace is for tests: a bound that says "this does not take long" means another time on an emulated processor, or
// beside somebody who uses this one.
package pace

import (
	"crypto/sha256"
	"sync"
	"testing"
	"time"
)

// Fast leaves out, with -short, a test that takes long on a slow processor and says the same on every kernel.
func Fast(t testing.TB) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: takes long on a slow processor, and is the same on every kernel")
	}
}

// Times is d, or as much longer as this machine is slower than a usual one.
func Times(d time.Duration) time.Duration { return time.Duration(float64(d) * slower()) }

// usual is how long a usual machine takes at most to hash what slower hashes.
const usual = 100 * time.Millisecond

var slower = sync.OnceValue(func() float64 {
	began := time.Now()
	sha256.Sum256(make([]byte, 32<<20))
	return max(1, float64(time.Since(began))/float64(usual))
})
