package container

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Find is the container that a person means: by its whole ID, by its name, or by the beginning of its ID if no
// other's begins so; in Docker's order, so that a name that looks like an ID is a name first. What was typed is
// only compared, and never becomes a path.
func (h Home) Find(nameOrID string) (State, error) {
	states, err := h.List()
	if err != nil {
		return State{}, err
	}
	return pick(states, nameOrID)
}

// ErrNotFound says that there is no such container.
var ErrNotFound = errors.New("No such container")

func noSuch(name string) error { return fmt.Errorf("%w: %s", ErrNotFound, name) }

func pick(states []State, nameOrID string) (State, error) {
	name := strings.TrimPrefix(nameOrID, "/") // Docker's own way to write a name
	for _, fits := range []func(State) bool{
		func(s State) bool { return s.ID == nameOrID },
		func(s State) bool { return s.Name == name },
		func(s State) bool { return strings.HasPrefix(s.ID, nameOrID) },
	} {
		if name == "" {
			break // which would be the beginning of every ID
		}
		found := slices.DeleteFunc(slices.Clone(states), func(s State) bool { return !fits(s) })
		if len(found) > 1 {
			return State{}, Hint(fmt.Errorf("multiple IDs found with provided prefix: %s", nameOrID), "type more of it, or the name")
		}
		if len(found) == 1 {
			return found[0], nil
		}
	}
	return State{}, noSuch(nameOrID)
}
