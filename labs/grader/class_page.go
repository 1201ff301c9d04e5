package grader

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
)

//go:embed class.html
var pageSource string

// Page is all results in one file, to be opened in a browser. What a student has named or printed is escaped, by the place where it
// stands; the page loads nothing and runs nothing.
func (c *Class) Page(entries []Entry) ([]byte, error) {
	type cell struct{ Status, Mark string }
	type row struct {
		Entry
		Number int
		Cells  []cell
		Lost   []Result // what did not pass
	}
	type column struct {
		Check
		Passed int
	}
	data := struct {
		*Class
		Columns []column
		Rows    []row
		About   [][2]string
	}{Class: c, About: c.about(entries)}
	for _, check := range c.Lab.Checks {
		data.Columns = append(data.Columns, column{Check: check})
	}
	for n, e := range entries {
		one := row{Entry: e, Number: n + 1}
		for i, check := range c.Lab.Checks {
			s := e.Report.status(check.ID)
			one.Cells = append(one.Cells, cell{string(s), map[Status]string{Pass: "✓", Fail: "✗", Skip: "–", Error: "?"}[s]})
			if s == Pass {
				data.Columns[i].Passed++
			}
		}
		for _, r := range e.Report.Tell(c.Tell).Checks {
			if r.Status != Pass {
				one.Lost = append(one.Lost, r)
			}
		}
		data.Rows = append(data.Rows, one)
	}
	var b bytes.Buffer
	page := template.Must(template.New("class").Funcs(template.FuncMap{"clean": Clean}).Parse(pageSource))
	err := page.Execute(&b, data)
	return b.Bytes(), err
}

// about is by what the grades came to be: whoever doubts one can repeat it.
func (c *Class) about(entries []Entry) [][2]string {
	about := [][2]string{{"submissions", fmt.Sprint(len(entries))}, {"points", fmt.Sprint(c.Lab.Points())}, {"tutor", c.Version}, {"suite (SHA-256)", suite()}}
	seen := map[[2]string]bool{}
	for _, e := range entries {
		for _, fact := range [][2]string{{"kernel", e.Report.Kernel}, {"seed", fmt.Sprint(e.Report.Seed)}} {
			if !seen[fact] {
				seen[fact] = true
				about = append(about, fact)
			}
		}
	}
	return about
}
