package volumes

import (
	"errors"
	"fmt"
	"regexp"
)

// ErrNotFound says that there is no volume of that name.
var ErrNotFound = errors.New("no such volume")

// ErrInUse says that a container has the volume, even if it does not run: it may be started again.
var ErrInUse = errors.New("volume is in use")

func notFound(name string) error { return fmt.Errorf("get %s: %w", name, ErrNotFound) }

// In Docker's words: names are directories, so nothing else may be one.
var names = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// longest is what a file system takes for the name of a directory.
const longest = 255

// CheckName allows the names that Docker allows.
func CheckName(name string) error {
	switch {
	case len(name) == 1:
		return badName{name, "volume name is too short, names should be at least two alphanumeric characters"}
	case len(name) > longest:
		return badName{name, fmt.Sprintf("volume name is too long, names have at most %d characters", longest)}
	case !names.MatchString(name):
		return badName{name, fmt.Sprintf(`%q includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. `+
			"If you intended to pass a host directory, use absolute path", name)}
	}
	return nil
}

// A badName is a name that no volume can have.
type badName struct{ name, why string }

func (b badName) Error() string { return "create " + b.name + ": " + b.why }
func (b badName) Hint() string {
	return "letters, digits, dots, dashes and underscores: tutor volume create data-1"
}
