package layers

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The way to the last entry's directory is kept for the next: a layer of any entries in any order comes out as it does when each
// name is walked from the root.
func TestTheWayThatIsKeptLeadsWhereOneFromTheRootDoes(t *testing.T) {
	needRoot(t)
	all := []*tar.Header{dir("c", 0o750), link("c/l", "/a")}
	for _, name := range []string{"a", "a/a", "a/b", "a/c", "b", "b/a", "b/b", "b/b/a", "b/b/b", "c/a", "c/a/a", "c/a/b", "c/b"} {
		all = append(all, dir(name, 0o701)) // where one is made like the one below, its mode tells
	}
	below, whole := mustUnpack(t, makeLayer(t, all...)), 0
	for seed := range uint64(120) {
		random := rand.New(rand.NewPCG(seed, 0))
		lower, upper := makeLayer(t, someEntries(random)...), makeLayer(t, someEntries(random)...)
		kept, keptErr := unpackOnto(t, below, Unpack, lower, upper)
		afresh, afreshErr := unpackOnto(t, below, unpackAfresh, lower, upper)
		require.Equal(t, fmt.Sprint(afreshErr), fmt.Sprint(keptErr), "seed %d", seed)
		if keptErr != nil {
			continue
		}
		whole++
		for i := range afresh {
			require.Equal(t, listing(t, afresh[i]), listing(t, kept[i]), "seed %d", seed)
		}
	}
	require.Greater(t, whole, 40, "of these layers most are none")
}

// someEntries are of any kind, in few directories, so that they are in one another's way.
func someEntries(random *rand.Rand) []*tar.Header {
	name := func() string {
		var parts []string
		for range 1 + random.IntN(4) {
			parts = append(parts, string("abc"[random.IntN(3)]))
		}
		return strings.Join(parts, "/")
	}
	var all []*tar.Header
	for range 10 + random.IntN(20) {
		n := name()
		beside, last := n[:len(n)-1], n[len(n)-1:]
		all = append(all, [][]*tar.Header{{dir(n, 0o755)}, {dir(n+"/c", 0o700)}, {file(n, "f")}, {file(n+"/x", "x")}, {file(n+"/x", "x"), hard(name(), n+"/x")},
			{dir(n, 0o711), link(beside+"l", last)}, {file(beside+"l/y", "y")}, {file(beside+".wh."+last, "")}, {file(beside+".wh..wh..opq", "")}}[random.IntN(9)]...)
	}
	return all
}

func unpackOnto(t *testing.T, stack Stack, unpack func(context.Context, io.Reader, string, Stack) error, layers ...[]byte) (Stack, error) {
	for _, l := range layers {
		to := t.TempDir()
		if err := unpack(t.Context(), bytes.NewReader(l), to, stack); err != nil {
			return nil, errors.Unwrap(err)
		}
		stack = append(Stack{to}, stack...)
	}
	return stack, nil
}

// unpackAfresh is Unpack with every name walked from the root.
func unpackAfresh(ctx context.Context, stream io.Reader, dir string, below Stack) error {
	u, err := newUnpacking(ctx, dir, below)
	if err != nil {
		return err
	}
	defer u.close()
	if err := eachEntry(ctx, stream, entryLimit, func(h *tar.Header, content io.Reader) error {
		u.forget()
		u.tree.steps += stepsEach
		if err := u.entry(h, content); err != nil {
			return fmt.Errorf("unpack %s: %w", quoted(h.Name), err)
		}
		return nil
	}); err != nil {
		return err
	}
	return u.finish()
}
