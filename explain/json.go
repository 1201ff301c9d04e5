package explain

import (
	"encoding/json"
	"io"

	"tutor/runtime/program"
)

// The lines of the JSON trace, one object a line. Field names are a contract: programs outside read them.
type (
	callLine struct {
		Type         string   `json:"type"`
		Seq          int      `json:"seq"`
		Op           string   `json:"op"`
		Lab          int      `json:"lab"`
		By           string   `json:"by"`
		HostPID      int      `json:"host_pid"`
		ContainerPID int      `json:"container_pid"`
		Syscall      string   `json:"syscall"`
		Args         []string `json:"args"`
		Result       int64    `json:"result"`
		Errno        string   `json:"errno"`
		StartNS      int64    `json:"start_ns"`
		DurationNS   int64    `json:"duration_ns"`
		Why          string   `json:"why"`
		Shell        string   `json:"shell"`
		Man          string   `json:"man"`
		Undo         bool     `json:"undo,omitempty"`
	}
	leftOutLine struct {
		Type   string `json:"type"`
		Op     string `json:"op"`
		Lab    int    `json:"lab"`
		Reason string `json:"reason"`
	}
	processLine struct {
		Type         string `json:"type"`
		HostPID      int    `json:"host_pid"`
		ContainerPID int    `json:"container_pid"`
		Command      string `json:"command"`
	}
	viewLine struct {
		Type      string `json:"type"`
		What      string `json:"what"`
		Host      string `json:"host"`
		Container string `json:"container"`
	}
	exitLine struct {
		Type    string `json:"type"`
		HostPID int    `json:"host_pid"`
		Status  int    `json:"status"`
	}
)

// JSON prints the Ops from first to last (not included) with what they did.
func JSON(w io.Writer, t Trace, first, last int) error {
	e := encoder(w)
	for i := first; i < last && i < len(t.Program); i++ {
		op := t.Program[i]
		if !op.Runs() {
			if err := e.Encode(leftOutLine{"left-out", op.Name, op.Lab, op.LeftOut}); err != nil {
				return err
			}
			continue
		}
		for _, n := range t.of(i, false) {
			if err := t.encode(e, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// encode prints one call, and below it the requests that it sends.
func (t Trace) encode(e *json.Encoder, n int) error {
	if err := e.Encode(t.call(n)); err != nil {
		return err
	}
	for _, line := range t.requests(n) {
		if err := e.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

func (t Trace) call(n int) callLine {
	r := t.Results[n]
	op := t.Program[r.Op]
	host, inside := t.pids(op)
	line := callLine{Type: "call", Seq: t.Before + n + 1, Op: op.Name, Lab: op.Lab, By: op.By.String(), HostPID: host, ContainerPID: inside,
		Syscall: r.Call.Name, Args: r.Call.Texts(r.Registers), Result: r.Value, Errno: errnoName(r), StartNS: r.Start,
		DurationNS: duration(r).Nanoseconds(), Why: op.Why, Shell: op.Shell, Man: op.Man, Undo: r.Undo}
	if r.Value < 0 {
		line.Result = -1
	}
	return line
}

// JSONProcess says who the child has become, and JSONViews how both sides see it.
func JSONProcess(w io.Writer, t Trace) error {
	if t.PID == 0 {
		return nil
	}
	return encoder(w).Encode(processLine{"process", t.PID, t.Inside, t.Command})
}

func JSONViews(w io.Writer, t Trace) error {
	e := encoder(w)
	for _, v := range t.Views {
		if err := e.Encode(viewLine{"view", v.What, v.Host, v.Container}); err != nil {
			return err
		}
	}
	return nil
}

// JSONExit says how the command ended.
func JSONExit(w io.Writer, t Trace, status int) error {
	return encoder(w).Encode(exitLine{"exit", t.PID, status})
}

// JSONUndone prints what was undone when it had ended.
func JSONUndone(w io.Writer, t Trace) error {
	e := encoder(w)
	for n, r := range t.Results {
		if !r.Undo {
			continue
		}
		if err := t.encode(e, n); err != nil {
			return err
		}
	}
	return nil
}

// JSONDryRun prints the calls that would be made: no result, no PIDs, no times.
func JSONDryRun(w io.Writer, p program.Program) error {
	t := Trace{Program: p}
	for i, op := range p {
		for _, call := range op.Calls {
			t.Results = append(t.Results, program.Result{Op: i, Call: call})
		}
	}
	return JSON(w, t, 0, len(p))
}

func encoder(w io.Writer) *json.Encoder {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e
}
