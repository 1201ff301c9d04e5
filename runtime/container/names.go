package container

import (
	"math/rand/v2"
	"slices"
)

// freeName is a name for a container that was given none: an adjective, and somebody from the history of
// computing or of Unix.
func freeName(states []State) string {
	taken := func(name string) bool {
		return slices.ContainsFunc(states, func(s State) bool { return s.Name == name })
	}
	name := adjectives[rand.IntN(len(adjectives))] + "_" + people[rand.IntN(len(people))]
	for taken(name) {
		name += string(rune('0' + rand.IntN(10)))
	}
	return name
}

var adjectives = []string{"able", "agile", "alert", "amber", "bold", "brave", "breezy", "bright", "brisk", "calm", "candid", "clever",
	"cosy", "crisp", "curious", "daring", "deft", "eager", "early", "earnest", "fair", "fleet", "fond", "frank", "fresh", "gentle", "glad",
	"golden", "handy", "hardy", "hearty", "honest", "humble", "jolly", "keen", "kind", "lively", "lucid", "lucky", "mellow", "merry",
	"mild", "nimble", "noble", "patient", "placid", "polite", "proud", "quick", "quiet", "ready", "serene", "sharp", "silent", "simple",
	"smart", "snug", "solid", "spry", "steady", "sturdy", "sunny", "swift", "tidy", "tranquil", "trusty", "upbeat", "vivid", "warm",
	"wise", "witty", "zesty"}

var people = []string{"aho", "allen", "babbage", "backus", "bartik", "bell", "booth", "bourne", "boyle", "cerf", "clarke", "codd", "cook",
	"corbato", "cray", "daley", "diffie", "dijkstra", "easley", "eckert", "engelbart", "estrin", "feinler", "floyd", "goldberg", "goldstine",
	"gosling", "hamilton", "hamming", "hellman", "hoare", "holberton", "hollerith", "hopper", "huffman", "iverson", "johnson", "joy", "kahn",
	"karp", "kay", "keller", "kernighan", "knuth", "lamport", "lampson", "liskov", "lovelace", "mauchly", "mccarthy", "mcilroy", "meltzer",
	"milner", "minsky", "naur", "neumann", "newell", "noyce", "ossanna", "pascal", "perlis", "perlman", "pike", "postel", "rabin", "ritchie",
	"rivest", "sammet", "scott", "shannon", "shirley", "simon", "stallman", "stibitz", "tarjan", "thompson", "turing", "wilkes", "wirth", "zuse"}
