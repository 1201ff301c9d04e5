package process

import (
	"golang.org/x/sys/unix"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// failure finds the call that ended the Program. Of a search through PATH it is the most telling one: a file
// that may not be executed says more than one that is not there.
func failure(results []program.Result) *program.Result {
	var search, failed *program.Result
	for i := range results {
		r := &results[i]
		if r.Call.Number == unix.SYS_EXECVE && r.Value < 0 {
			if search == nil || search.Errno() == unix.ENOENT {
				search = r
			}
			continue
		}
		if r.Failed() {
			failed = r
		}
	}
	if search != nil {
		return search
	}
	return failed
}

// Results are the calls that have been made so far, in the order of the Program, Undo last.
func (r *Running) Results() []program.Result {
	var results []program.Result
	for _, cc := range r.compiled.calls {
		if r.ledger[cc.step.entry].start[0] != 0 {
			results = append(results, r.result(cc))
		}
	}
	return results
}

// Born is the PID that the child was born with, also when it is gone; 0: it never was.
func (r *Running) Born() int {
	for _, cc := range r.compiled.calls {
		if e := r.ledger[cc.step.entry]; cc.call.Number == unix.SYS_CLONE3 && e.end[0] != 0 && e.result > 0 {
			return int(e.result)
		}
	}
	return 0
}

func (r *Running) result(cc compiledCall) program.Result {
	e := r.ledger[cc.step.entry]
	registers := make([]uintptr, len(cc.call.Args))
	for i := range registers {
		registers[i] = cc.step.words[i]
		if from := cc.step.from[i]; from >= 0 {
			registers[i] = uintptr(r.ledger[from].result)
		}
	}
	return program.Result{Op: cc.op, Call: cc.call, Undo: cc.undo, Registers: registers, Value: e.result,
		Start: e.start[0]*1e9 + e.start[1], End: e.end[0]*1e9 + e.end[1]}
}

// Answer is what the call that yields v answered: a descriptor that the host's hand has opened.
func (r *Running) Answer(v *sys.Result) (int, bool) {
	i, known := r.compiled.entries[v]
	if !known || r.ledger[i].end[0] == 0 || r.ledger[i].result < 0 {
		return 0, false
	}
	return int(r.ledger[i].result), true
}
