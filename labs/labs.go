// Package labs is the course: seven lessons that run. A lesson is the README.md of its folder, which GitHub shows,
// `tutor lab` runs and the tests run; there is no second source.
package labs

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

//go:embed */README.md
var readmes embed.FS

// A Lab is a row of the course.
type Lab struct {
	Number   int
	Name     string
	Question string
	Package  string // where its code is
}

// Labs is the course. A lab whose lesson is not written yet has no README.md.
var Labs = []Lab{
	{1, "1-bare-process", "what is a process?", "runtime/process"},
	{2, "2-namespaces", "what may it see?", "runtime/namespaces"},
	{3, "3-cgroups", "how much may it use?", "runtime/cgroups"},
	{4, "4-layers", "where do its files come from?", "runtime/layers"},
	{5, "5-image", "how do files travel?", "runtime/image"},
	{6, "6-network", "whom can it talk to?", "runtime/network"},
	{7, "7-ports", "who can reach it?", "runtime/ports"},
}

// Own is for a lesson in a file of somebody's own: tutor lab ./README.md.
var Own = Lab{0, "0-own", "your own question", ""}

// Find knows a lab by its name, its number, what stands behind the number, or any beginning of these that no other
// lab has.
func Find(text string) (Lab, error) {
	var found []Lab
	for _, l := range Labs {
		number, topic, _ := strings.Cut(l.Name, "-")
		if text == l.Name || text == number || text == topic {
			return l, nil
		}
		if text != "" && (strings.HasPrefix(l.Name, text) || strings.HasPrefix(topic, text)) {
			found = append(found, l)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	return Lab{}, fmt.Errorf("there is no lab %q", text)
}

// Lesson reads the lab's lesson; fs.ErrNotExist if nobody has written it.
func (l Lab) Lesson() (Lesson, error) {
	content, err := fs.ReadFile(readmes, l.Name+"/README.md")
	if err != nil {
		return Lesson{}, err
	}
	return named("labs/"+l.Name+"/README.md", content)
}

// ReadLesson reads a lesson from a file.
func ReadLesson(path string) (Lesson, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Lesson{}, err
	}
	return named(path, content)
}

func named(path string, content []byte) (Lesson, error) {
	lesson, err := parse(string(content))
	if err != nil {
		return lesson, fmt.Errorf("%s: %w", path, err)
	}
	return lesson, nil
}
