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

// Fewer is how often to try what each time may fail in another way: n times, with -short few.
func Fewer(n, few int) int {
	if testing.Short() {
		return few
	}
	return n
}

// Times is d, or as much longer as this machine is, or was at any time, slower than a usual one.
func Times(d time.Duration) time.Duration { return time.Duration(float64(d) * slower()) }

// usual is how long a usual machine takes at most to hash what slower hashes.
const usual = 100 * time.Millisecond

// measured is what slower has found so far.
var measured struct {
	sync.Mutex
	last   time.Time
	factor float64
}

// slower measures again every half minute: others may have come.
func slower() float64 {
	measured.Lock()
	defer measured.Unlock()
	if time.Since(measured.last) > 30*time.Second {
		began := time.Now()
		sha256.Sum256(make([]byte, 32<<20))
		measured.last = time.Now()
		measured.factor = max(1, measured.factor, float64(measured.last.Sub(began))/float64(usual))
	}
	return measured.factor
}
