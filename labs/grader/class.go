package grader

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// A Class is a folder of submissions, each a folder or an executable, named after its student. The order's path and
// student are filled in for each. What the students have written is hostile, also their files' names.
type Class struct {
	Order
	From   string // the submissions
	To     string // the records and the two lists
	Jobs   int    // graded at once
	Seeded bool   // the seed was asked for: what was graded with another is graded again
	Tell   string // how much of what went wrong the page tells
	Done   func(Entry)
}

// An Entry is what one submission came to.
type Entry struct {
	Student string
	Report  *Report
	Kept    bool // graded before, and nothing has changed since
}

// Submissions are the names of those in the folder, and of what is none: a file that cannot be executed, a link, which
// could lead to another student's work, or what is hidden by a dot, such as .git. A hidden file is nobody's work.
func (c *Class) Submissions() (names, others []string, err error) {
	entries, err := os.ReadDir(c.From)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue
		}
		work, hidden := info.IsDir() || info.Mode().IsRegular() && info.Mode()&0o111 != 0, strings.HasPrefix(e.Name(), ".")
		switch {
		case work && !hidden:
			names = append(names, e.Name())
		case work || !hidden:
			others = append(others, e.Name())
		}
	}
	return names, others, err
}

// Grade grades them. What was graded before and has not changed stays as it is, so that a run that was stopped goes on.
func (c *Class) Grade(names []string) error {
	if err := os.MkdirAll(filepath.Join(c.To, "records"), 0o755); err != nil {
		return err
	}
	var entries []Entry
	var mutex sync.Mutex
	var failed error
	places, all := make(chan struct{}, c.Jobs), sync.WaitGroup{}
	for _, name := range names {
		places <- struct{}{}
		if stopped(c.Stop) {
			break
		}
		all.Go(func() {
			defer func() { <-places }()
			entry, err := c.one(name)
			mutex.Lock()
			defer mutex.Unlock()
			if err == nil {
				entries = append(entries, entry)
				err = c.lists(entries)
				c.Done(entry)
			}
			failed = errors.Join(failed, err)
		})
	}
	all.Wait()
	return failed
}

// one grades a submission, unless that was done.
func (c *Class) one(name string) (Entry, error) {
	path, record := filepath.Join(c.From, name), filepath.Join(c.To, "records", name+".json")
	submission, err := digest(path)
	if err != nil {
		return Entry{}, err
	}
	if old := c.kept(record, submission); old != nil {
		return Entry{name, old, true}, nil
	}
	o := c.Order
	o.Path, o.Student, o.Submission = path, name, submission
	var unwritten error
	write := func(r *Report) {
		content, err := r.JSON()
		unwritten = errors.Join(unwritten, err, Write(record, content))
	}
	o.After = write
	report, err := Run(o)
	if errors.Is(err, ErrStopped) {
		return Entry{}, err
	}
	if err != nil {
		report.Error = strings.TrimPrefix(err.Error(), path+": ")
		write(report)
	}
	return Entry{name, report, false}, unwritten
}

// kept is the record of an earlier run, if the same would come of another.
func (c *Class) kept(path, submission string) *Report {
	content, err := os.ReadFile(path)
	old := &Report{}
	if err != nil || json.Unmarshal(content, old) != nil {
		return nil
	}
	checks := 0
	for _, lab := range c.labs() {
		checks += len(lab.Checks)
	}
	if !old.Complete || old.Error != "" || old.Count(Error) > 0 || old.Lab != c.Lab.Name || old.Suite != suite() || old.Version != c.Version ||
		old.Submission != submission || len(old.Checks) != checks || c.Seeded && old.Seed != c.Seed {
		return nil
	}
	for i := range old.Checks {
		old.Checks[i].Visibility = visibility(c.Hide, old.Checks[i].ID)
	}
	return old
}

// digest tells whether something was handed in anew. Of a large file its size and time will do.
func digest(path string) (string, error) {
	h := sha256.New()
	err := filepath.WalkDir(path, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%q %v\n", strings.TrimPrefix(file, path), info.Mode())
		switch {
		case info.Mode()&fs.ModeSymlink != 0:
			to, err := os.Readlink(file)
			fmt.Fprintf(h, "%q\n", to)
			return err
		case !info.Mode().IsRegular():
			return nil
		case info.Size() > 1<<20:
			fmt.Fprintln(h, info.Size(), info.ModTime().UnixNano())
			return nil
		}
		return addContent(h, file)
	})
	return fmt.Sprintf("%x", h.Sum(nil)), err
}

func addContent(to io.Writer, path string) error {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = io.Copy(to, io.LimitReader(file, 1<<20))
	return err
}

// lists writes the two files that a teacher reads.
func (c *Class) lists(entries []Entry) error {
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Student, b.Student) })
	table, err := c.CSV(entries)
	if err != nil {
		return err
	}
	page, err := c.Page(entries)
	if err != nil {
		return err
	}
	return errors.Join(Write(filepath.Join(c.To, "grades.csv"), table), Write(filepath.Join(c.To, "grades.html"), page))
}
