package grader

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// A check may start several boxes; what is told of one is not told of another.
func TestTheEvidenceIsOfOneBox(t *testing.T) {
	first, last, none := &Box{PID: 11}, &Box{PID: 12}, &Box{PID: 13}
	s := &Sandbox{PID: 7, boxes: []*Box{first, last, none}, commands: map[Process]*Box{Process(os.Getpid()): last, Process(os.Getppid()): first}}
	for range 20 { // a map has no order
		seen := s.evidence()
		require.Equal(t, 12, seen["box_pid"])
		require.Equal(t, os.Getpid(), seen["host_pid"])
	}
}
