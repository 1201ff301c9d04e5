package image

import "errors"

// ErrNotFound says that the store has no such image: the one failure after which `run` goes and pulls.
var ErrNotFound = errors.New("no such image")

// An Error is one sentence for the user, in Docker's words where Docker has them, and what to do about it.
// Without it a student reads what the HTTP client said to the registry client.
type Error struct {
	Op   string // "pull"; empty where Docker's sentence stands alone
	Msg  string // what is wrong
	Hint string // what to do; empty when there is nothing to advise
	Err  error  // the cause, for errors.Is and errors.As; may be nil
}

func (e *Error) Error() string {
	if e.Op == "" {
		return e.Msg
	}
	return e.Op + ": " + e.Msg
}

func (e *Error) Unwrap() error { return e.Err }
