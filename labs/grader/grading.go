package grader

import (
	"errors"
	"os"
	"slices"
	"strings"
	"time"
)

// Grade runs the checks of the labs, in their order, and tells after each how it came out.
func (b *Bench) Grade(report *Report, lab *Lab, checks []Check, points bool, after func(*Report)) {
	came := map[string]Status{}
	for _, c := range checks {
		if b.stopped() {
			return
		}
		r := Result{ID: c.ID, Lab: lab.Name, Title: c.Title, Needs: append([]string{}, c.Needs...), Man: c.Man, Read: c.Read,
			Visibility: visibility(b.hide, c.ID), Hints: []string{}, Left: []string{}, Evidence: map[string]any{}}
		if points {
			r.MaxPoints = c.Points
		}
		began := time.Now()
		if missing := slices.IndexFunc(c.Needs, func(id string) bool { return came[id] != Pass }); missing >= 0 {
			r.Status, r.Why = Skip, needs(c.Needs[missing])
			if slices.ContainsFunc(c.Needs, func(id string) bool { return came[id] == Error }) {
				r.Status = Error // no fault of box's either
			}
		} else {
			b.run(&r, c)
		}
		if b.stopped() {
			return // it says nothing of box: the check did not wait for it
		}
		r.DurationMS = time.Since(began).Milliseconds()
		if came[c.ID] = r.Status; r.Status == Pass {
			r.Points = r.MaxPoints
		}
		report.Checks = append(report.Checks, r)
		report.sum()
		after(report)
	}
}

// visibility is whether more is told of a check than if it passed.
func visibility(hide []string, check string) string {
	if slices.Contains(hide, check) {
		return "hidden"
	}
	return "visible"
}

// needs is why a check was skipped.
func needs(check string) string { return "needs " + check }

// run runs one check in a sandbox of its own.
func (b *Bench) run(r *Result, c Check) {
	s, err := b.newSandbox(newRandom(b.Seed, c.ID))
	if err != nil {
		r.Status, r.Why = Error, err.Error()
		return
	}
	name, _ := os.Hostname()
	err = c.Run(s)
	r.Left = append(r.Left, s.leftNow()...)
	r.Command = strings.Join(slices.Compact(s.ran), "\n")
	r.Evidence = s.evidence()
	closed := s.close() // everything is dead before the verdict
	var failed *Failure
	switch now, _ := os.Hostname(); {
	case closed != nil:
		r.Status, r.Why = Error, closed.Error()
	case now != name:
		r.Status, r.Why = Error, "the host's name has changed meanwhile, to "+now
	case err == nil:
		r.Status = Pass
	case errors.As(err, &failed):
		r.Status, r.Expected, r.Actual = Fail, failed.Expected, failed.Got
		r.Hints = hints(c, failed)
	default:
		r.Status, r.Why = Error, err.Error()
	}
}

// hints are three, the failure's own first.
func hints(c Check, f *Failure) []string {
	found := slices.DeleteFunc(slices.Concat(f.Hints, c.Hints), func(h string) bool { return h == "" })
	return found[:min(3, len(found))]
}

// evidence is what the host saw of the last box that had a COMMAND, and of that.
func (s *Sandbox) evidence() map[string]any {
	seen := map[string]any{"sandbox_pid": s.PID}
	for _, b := range slices.Backward(s.boxes) {
		for p, of := range s.commands {
			if of != b {
				continue
			}
			seen["box_pid"], seen["host_pid"] = b.PID, int(p)
			if pids := p.PIDs(); len(pids) > 0 {
				seen["container_pid"], seen["pid_namespace"] = pids[len(pids)-1], p.NS("pid")
			}
			return seen
		}
	}
	return seen
}
