package container

// A hinted error carries one sentence of help, which the command line prints on a line of its own.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

// Hint is the help for whoever meets the error.
func (h hinted) Hint() string { return h.hint }

// Hint adds help to an error.
func Hint(err error, hint string) error {
	if err == nil {
		return nil
	}
	return hinted{err, hint}
}
