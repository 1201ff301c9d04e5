package grader

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"maps"
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
	data := struct {
		*Class
		Columns []column
		Rows    []row
		About   [][2]string
	}{Class: c, About: c.about(entries)}
	data.Columns = c.columns(entries)
	for n, e := range entries {
		one := row{Entry: e, Number: n + 1}
		for i, column := range data.Columns {
			s := e.Report.status(column.real)
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

// A column is a check, by the name that students may know. Hidden ones come last: between their neighbours they would be known.
type column struct {
	ID, Title string
	Passed    int
	real      string // its ID
}

func (c *Class) columns(entries []Entry) (shown []column) {
	names := map[string]string{}
	for _, e := range entries {
		maps.Copy(names, e.Report.disguised())
	}
	var hidden []column
	for _, check := range c.Lab.Checks {
		if name := names[check.ID]; name != "" {
			hidden = append(hidden, column{ID: name, Title: hiddenTitle, real: check.ID})
			continue
		}
		shown = append(shown, column{ID: check.ID, Title: check.Title, real: check.ID})
	}
	return append(shown, hidden...)
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
