package volumes

import (
	"errors"
	"fmt"
	"regexp"
)

// ErrNotFound says that there is no volume of that name.
var ErrNotFound = errors.New("no such volume")

func notFound(name string) error { return fmt.Errorf("get %s: %w", name, ErrNotFound) }

// In Docker's words: names are directories, so nothing else may be one.
var names = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// CheckName allows the names that Docker allows.
func CheckName(name string) error {
	if len(name) == 1 {
		return fmt.Errorf("create %s: volume name is too short, names should be at least two alphanumeric characters", name)
	}
	if !names.MatchString(name) {
		return fmt.Errorf(`create %s: %q includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. `+
			"If you intended to pass a host directory, use absolute path", name, name)
	}
	return nil
}
