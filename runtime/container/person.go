package container

import (
	"errors"
	"os"

	"tutor/runtime/terminal"
)

// CheckInput refuses to join pipes to a terminal inside: who waits there for the keys that leave, or for Ctrl-D, waits for good.
func CheckInput(typed bool, instead string) error {
	if typed && !terminal.Is(os.Stdin) {
		return Hint(errors.New("the input device is not a TTY"), instead)
	}
	return nil
}

// A Person is who sits at the terminal, or the pipes, that tutor was started with.
type Person struct {
	In   *os.File // nil: nothing is typed
	Out  *os.File // whose size the container's terminal shall have
	Keys []byte   // that leave the container and let it run; nil: none do
}

// Join joins a person to a container. With raw the keys go over as they are pressed. left is closed when the
// person has pressed the keys that leave. Restore gives the terminal back; it may be called twice.
func (p Person) Join(j Joint, raw bool) (left <-chan struct{}, restore func(), err error) {
	gone := make(chan struct{})
	restore = func() {}
	if raw && p.In != nil && terminal.Is(p.In) {
		if restore, err = terminal.Raw(p.In); err != nil {
			return nil, func() {}, err
		}
	}
	if raw && p.Out != nil && terminal.Is(p.Out) {
		unwatch := terminal.Watch(p.Out, func(s terminal.Size) { j.Resize(s) })
		before := restore
		restore = func() { unwatch(); before() }
	}
	if p.In != nil {
		go p.carry(j, raw, gone)
	}
	return gone, restore, nil
}

// carry takes what is typed to the container.
func (p Person) carry(j Joint, raw bool, gone chan struct{}) {
	keys := &detach{keys: p.Keys}
	if !raw {
		keys.keys = nil
	}
	buffer := make([]byte, 32<<10)
	for {
		n, err := p.In.Read(buffer)
		data, leaves := keys.pass(buffer[:n])
		if len(data) > 0 && j.Type(data) != nil {
			return
		}
		if leaves {
			close(gone)
			return
		}
		if err != nil {
			j.End()
			return
		}
	}
}

// A detach looks for the keys that leave, which may come one by one.
type detach struct {
	keys []byte
	seen int // of them, so far
}

// pass gives what is the container's. Keys that began like the sequence and were not it are handed on then.
func (d *detach) pass(data []byte) (through []byte, leaves bool) {
	if len(d.keys) == 0 {
		return data, false
	}
	for _, b := range data {
		if b == d.keys[d.seen] {
			if d.seen++; d.seen == len(d.keys) {
				return through, true
			}
			continue
		}
		through = append(through, d.keys[:d.seen]...)
		d.seen = 0
		if b == d.keys[0] {
			d.seen = 1
			continue
		}
		through = append(through, b)
	}
	return through, false
}
