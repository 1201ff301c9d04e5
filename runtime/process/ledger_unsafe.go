package process

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// newLedger maps n entries of memory that stays shared across fork (mmap(2), MAP_SHARED|MAP_ANONYMOUS).
// close it with unix.Munmap of the second result.
func newLedger(n int) ([]entry, []byte, error) {
	size := max(1, n) * int(unsafe.Sizeof(entry{}))
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, nil, fmt.Errorf("ledger: mmap: %w", err)
	}
	return unsafe.Slice((*entry)(unsafe.Pointer(&memory[0])), max(1, n)), memory, nil
}

// A pin keeps memory that registers point to where it is and alive.
type pin struct{ runtime.Pinner }

// bytes is the address of b's first byte; an empty b still needs an address.
func (p *pin) bytes(b []byte) uintptr {
	if len(b) == 0 {
		b = make([]byte, 1)
	}
	p.Pin(&b[0])
	return uintptr(unsafe.Pointer(&b[0]))
}

// vector is the address of a NULL-terminated array of pointers to the strings.
func (p *pin) vector(list []string) uintptr {
	pointers := make([]uintptr, len(list)+1)
	for i, s := range list {
		pointers[i] = p.bytes(append([]byte(s), 0))
	}
	p.Pin(&pointers[0])
	return uintptr(unsafe.Pointer(&pointers[0]))
}
