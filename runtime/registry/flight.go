package registry

import (
	"context"
	"sync"
)

// flights lets everybody who asks the same question at the same time have one answer. Without it thirty clients
// that begin together are thirty requests upstream. The question goes on when those who asked have gone.
type flights[T any] struct {
	mutex sync.Mutex
	going map[string]*flight[T]
}

type flight[T any] struct {
	landed chan struct{}
	value  T
	err    error
}

// do asks, or waits for who is asking already. ctx is only of the waiting.
func (f *flights[T]) do(ctx context.Context, key string, ask func() (T, error)) (T, error) {
	f.mutex.Lock()
	one := f.going[key]
	if one == nil {
		one = &flight[T]{landed: make(chan struct{})}
		if f.going == nil {
			f.going = map[string]*flight[T]{}
		}
		f.going[key] = one
		go func() {
			one.value, one.err = ask()
			f.mutex.Lock()
			delete(f.going, key)
			f.mutex.Unlock()
			close(one.landed)
		}()
	}
	f.mutex.Unlock()
	select {
	case <-one.landed:
		return one.value, one.err
	case <-ctx.Done():
		return one.zero(), ctx.Err()
	}
}

func (f *flight[T]) zero() (nothing T) { return nothing }
