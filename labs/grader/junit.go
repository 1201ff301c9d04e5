package grader

import (
	"encoding/xml"
	"fmt"
	"os"
	"strings"
)

// JUnit has no official schema: this is what strict readers (Ant's XSD) and loose ones (Jenkins) both take. A lab is a
// suite. failure is box's, error the machine's, skipped means that a check needed before did not pass.

type junitSuites struct {
	XMLName xml.Name     `xml:"testsuites"`
	Suites  []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Skipped    int             `xml:"skipped,attr"`
	Time       string          `xml:"time,attr"`
	Timestamp  string          `xml:"timestamp,attr"` // without a zone
	Hostname   string          `xml:"hostname,attr"`
	ID         int             `xml:"id,attr"`
	Package    string          `xml:"package,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
	Out        string          `xml:"system-out"`
	Err        string          `xml:"system-err"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Time    string        `xml:"time,attr"`
	Skipped *junitMessage `xml:"skipped"`
	Failure *junitMessage `xml:"failure"`
	Error   *junitMessage `xml:"error"`
}

type junitMessage struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",chardata"`
}

// JUnit is a JUnit XML report.
func JUnit(r *Report) ([]byte, error) {
	var suites junitSuites
	host, _ := os.Hostname()
	for _, c := range r.Checks {
		last := len(suites.Suites) - 1
		if last < 0 || suites.Suites[last].Name != c.Lab {
			suites.Suites = append(suites.Suites, junitSuite{Name: c.Lab, Time: "0.000", Timestamp: strings.TrimSuffix(r.StartedAt, "Z"), Hostname: host,
				ID: last + 1, Package: "tutor", Err: Clean(r.Error)})
			last++
		}
		suites.Suites[last].add(c)
	}
	for i := range suites.Suites {
		suites.Suites[i].properties(r)
	}
	data, err := xml.MarshalIndent(suites, "", "  ")
	return append([]byte(xml.Header), append(data, '\n')...), err
}

func (s *junitSuite) add(c Result) {
	number, _, _ := strings.Cut(c.ID, ".")
	one := junitCase{Name: c.ID + " " + c.Title, Class: "tutor." + number, Time: seconds(c.DurationMS)}
	message := &junitMessage{Message: strings.TrimSpace(firstLine(Clean("expected " + c.Expected + ", got " + c.Actual)))}
	message.Text = c.Story()
	if c.Expected+c.Actual == "" {
		message.Message = "failed"
	}
	switch c.Status {
	case Fail:
		s.Failures++
		message.Type = "failure"
		one.Failure = message
	case Error:
		s.Errors++
		message.Type, message.Message = "environment", firstLine(Clean(c.Why))
		one.Error = message
	case Skip:
		s.Skipped++
		one.Skipped = &junitMessage{Message: c.Why}
	}
	s.Tests++
	s.Cases = append(s.Cases, one)
	s.Out += fmt.Sprintf("[[PROPERTY|%s=%d/%d]]\n", c.ID, c.Points, c.MaxPoints)
}

func (s *junitSuite) properties(r *Report) {
	total := int64(0)
	for _, c := range r.Checks {
		if c.Lab == s.Name {
			total += c.DurationMS
		}
	}
	s.Time = seconds(total)
	points, max := 0, 0
	if s.Name == r.Lab {
		points, max = r.Points, r.MaxPoints
	}
	for _, p := range []struct{ name, value string }{{"points", fmt.Sprint(points)}, {"max_points", fmt.Sprint(max)}, {"seed", fmt.Sprint(r.Seed)},
		{"suite_sha256", r.Suite}, {"tutor_version", r.Version}, {"kernel", r.Kernel}} {
		s.Properties = append(s.Properties, junitProperty{p.name, p.value})
	}
}

// seconds are decimal, with three places and no exponent.
func seconds(ms int64) string { return fmt.Sprintf("%d.%03d", ms/1000, ms%1000) }
