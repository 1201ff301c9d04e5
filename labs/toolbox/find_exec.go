package toolbox

import (
	"os"
	"os/exec"
	"strings"
)

// exec reads -exec CMD {} ; (once a file, true when it succeeded) and -exec CMD {} + (all at once, at the end).
func (f *finder) exec() (predicate, error) {
	var words []string
	for {
		word, err := f.word("-exec … ;")
		if err != nil {
			return nil, err
		}
		if word == ";" {
			break
		}
		if word == "+" && len(words) > 0 && words[len(words)-1] == "{}" {
			return f.batch(words[:len(words)-1]), nil
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return nil, usageError("-exec needs a command")
	}
	return func(e *finding) bool {
		return f.run(filled(words, "{}", e.path)) == 0
	}, nil
}

// filled puts an item where the placeholder stands.
func filled(words []string, place, item string) []string {
	filled := make([]string, len(words))
	for i, word := range words {
		filled[i] = strings.ReplaceAll(word, place, item)
	}
	return filled
}

func (f *finder) batch(words []string) predicate {
	var paths []string
	f.batches = append(f.batches, func() {
		if len(paths) > 0 && f.run(append(words, paths...)) != 0 {
			f.failed = true
		}
	})
	return func(e *finding) bool {
		paths = append(paths, e.path)
		return true
	}
}

// run runs a command with our standard streams and returns its exit code as a shell counts it: 127 when it is
// not there, 126 when it cannot run, 128+n when a signal ended it.
func (t *tool) run(words []string) int {
	t.out.Flush()
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Start(); err != nil {
		t.complain(notStarted(words[0], err))
		return startCode(err)
	}
	cmd.Wait()
	return status(cmd.ProcessState)
}
