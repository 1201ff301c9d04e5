package grader

import (
	"hash/fnv"
	"math/rand/v2"
	"strconv"
)

// Every check has random values of its own, so that no stub can hit them; the same seed gives the same again,
// whichever checks run beside it.

type random struct{ *rand.Rand }

func newRandom(seed uint64, check string) random {
	h := fnv.New64a()
	h.Write([]byte(check))
	return random{rand.New(rand.NewPCG(seed, h.Sum64()))}
}

// Word is a name that nothing on the host has.
func (r random) Word() string {
	const letters = "bcdfghjkmnpqrstvwxz"
	word := make([]byte, 9)
	for i := range word {
		word[i] = letters[r.IntN(len(letters))]
	}
	return string(word)
}

// Between is a number from low to high, both included.
func (r random) Between(low, high int) int { return low + r.IntN(high-low+1) }

// Code is an exit code that means nothing to shells and runtimes: not 0 or 1, and below the ones from 125 on.
func (r random) Code() string { return strconv.Itoa(r.Between(3, 124)) }

// Bytes is n bytes that no terminal and no line buffer would leave as they are.
func (r random) Bytes(n int) string {
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(r.UintN(256))
	}
	return string(data)
}
