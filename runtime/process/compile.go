package process

import (
	"encoding/binary"
	"fmt"

	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// A compiled Program is the same list in plain words: one step a call, in the order of the ledger.
type compiled struct {
	program program.Program
	stops   func(op int) bool
	calls   []compiledCall
	entries map[*sys.Result]int // which ledger entry yields it
	pin     pin
}

type compiledCall struct {
	op   int
	call sys.Call
	undo bool
	step step
}

// compile lays out registers for every call of every Op that runs, and after them for the Undo of every Op.
// stops tells before which Ops the baton comes back to the host although the child goes on.
func compile(p program.Program, stops func(op int) bool) (*compiled, error) {
	c := &compiled{program: p, stops: stops, entries: map[*sys.Result]int{}}
	for i, op := range p {
		for _, call := range op.Calls {
			if err := c.add(i, call, false); err != nil {
				return nil, err
			}
		}
	}
	for i := len(p) - 1; i >= 0; i-- {
		for _, call := range p[i].Undo {
			if err := c.add(i, call, true); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

func (c *compiled) add(op int, call sys.Call, undo bool) error {
	s := step{kind: doCall, entry: len(c.calls), number: call.Number}
	for i := range s.from {
		s.from[i] = -1
	}
	for i, a := range call.Args {
		if err := c.register(&s, i, a); err != nil {
			return fmt.Errorf("%s: %s: %w", c.program[op].Name, call.Name, err)
		}
		if a.Patch != nil && c.program[op].By != program.Host {
			return fmt.Errorf("%s: %s: only the host's hand can fill in a structure", c.program[op].Name, call.Name)
		}
	}
	if call.Waits && c.program[op].By != program.Host {
		return fmt.Errorf("%s: %s: only the host's hand can wait", c.program[op].Name, call.Name)
	}
	if len(call.Allow) > len(s.allow) {
		return fmt.Errorf("%s: %s: tolerates more than %d errors", c.program[op].Name, call.Name, len(s.allow))
	}
	for i, errno := range call.Allow {
		s.allow[i] = uintptr(errno)
	}
	if call.Yields != nil {
		c.entries[call.Yields] = s.entry
	}
	c.calls = append(c.calls, compiledCall{op: op, call: call, undo: undo, step: s})
	return nil
}

func (c *compiled) register(s *step, i int, a sys.Arg) error {
	if a.From != nil && a.From.Given {
		s.words[i] = uintptr(a.From.Value)
		return nil
	}
	if a.From != nil {
		from, known := c.entries[a.From]
		if !known {
			return fmt.Errorf("needs %s, which no earlier call yields", a.From.Name)
		}
		s.from[i] = from
		return nil
	}
	if a.Points != nil {
		binary.LittleEndian.PutUint64(a.Memory[a.Points.Offset:], uint64(c.pin.bytes(a.Points.To)))
	}
	if a.Memory != nil {
		s.words[i] = c.pin.bytes(a.Memory)
		return nil
	}
	if a.Vector != nil {
		s.words[i] = c.pin.vector(a.Vector)
		return nil
	}
	s.words[i] = a.Word
	return nil
}

// patch fills in the fields of structures that earlier answers decide.
func (c *compiled) patch(call sys.Call, ledger []entry) {
	for _, a := range call.Args {
		if a.Patch == nil {
			continue
		}
		value, field := c.answer(a.Patch.From, ledger), a.Memory[a.Patch.Offset:]
		if a.Patch.Bits == 32 {
			binary.LittleEndian.PutUint32(field, uint32(value))
			continue
		}
		binary.LittleEndian.PutUint64(field, uint64(value))
	}
}

// answer is what an earlier call has answered, or what was known before.
func (c *compiled) answer(r *sys.Result, ledger []entry) int64 {
	if r.Given {
		return int64(r.Value)
	}
	return ledger[c.entries[r]].result
}

// childSteps is what the child walks. Where the hand changes it passes the baton and takes it back; its first
// step is always to wait for it.
func (c *compiled) childSteps() []step {
	steps := []step{{kind: takeBaton}}
	away, began, last := false, false, -1
	for _, cc := range c.calls {
		op := c.program[cc.op]
		if cc.undo {
			break
		}
		if op.By == program.Host {
			away = true
			continue
		}
		if began && cc.op != last && (away || c.stops(cc.op)) {
			steps = append(steps, step{kind: passBaton}, step{kind: takeBaton})
		}
		away, began, last = false, true, cc.op
		steps = append(steps, cc.step)
	}
	return steps
}
