package grader

// Formats are what course systems read. Each is made from the one record.
var Formats = []struct {
	Name   string
	Encode Encode
}{
	{"json", func(r *Report) ([]byte, error) { return r.JSON() }}, // tutor/result/v1 itself
}

// An Encode turns the record into a file's content.
type Encode func(*Report) ([]byte, error)

// Tell is the report as a student may see it: details is full, actual-only or none. Of a hidden check it tells only
// whether it passed.
func (r *Report) Tell(details string) *Report {
	told := *r
	told.Checks = make([]Result, len(r.Checks))
	for i, c := range r.Checks {
		hidden := c.Visibility == "hidden"
		if hidden {
			c.Title = "hidden check"
		}
		if hidden || details != "full" {
			c.Expected, c.Command, c.Hints, c.Man, c.Read = "", "", []string{}, "", ""
		}
		if hidden || details == "none" {
			c.Actual, c.Why, c.Left, c.Evidence = "", "", []string{}, map[string]any{}
		}
		told.Checks[i] = c
	}
	return &told
}
