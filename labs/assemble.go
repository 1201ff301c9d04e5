package labs

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sort"
	"strconv"
	"strings"
)

// A box grows from lab to lab: a folder here holds only the files that are new or changed since the lab before, and
// what a student gets is put together from them.

// Files are a program's, by name.
type Files map[string]string

// Solution is box when lab n is done.
func Solution(n int) (Files, error) {
	files := Files{"go.mod": module}
	for lab := 1; lab <= n; lab++ {
		if err := files.add(lab, "solution"); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// InPlace is the program of a lab's own folder, DIR/2-namespaces/solution or …/exercise, as it lies on the disk: which holds only what
// that lab changes. Of any other folder it is nil, and of one that has a go.mod by now.
func InPlace(dir string) (Files, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(Labs, func(l Lab) bool { return l.Name == filepath.Base(filepath.Dir(dir)) })
	if part := filepath.Base(dir); i < 0 || (part != "solution" && part != "exercise") {
		return nil, nil
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
		return nil, nil
	}
	files, err := Solution(Labs[i].Number - 1)
	if err != nil {
		return nil, err
	}
	return files, files.addAll(os.DirFS(dir))
}

// News are the files of box that lab n adds or changes.
func News(n int) (Files, error) {
	files := Files{}
	return files, files.add(n, "solution")
}

// Starter is what lab n begins with: the solution of the lab before, and places to work. language is "go", or one that
// the lab has a folder exercise-LANGUAGE for.
func Starter(n int, language string) (Files, error) {
	if language != "go" {
		files := Files{}
		if err := files.add(n, "exercise-"+language); err != nil {
			return nil, fmt.Errorf("lab %d has no starter in %s", n, language)
		}
		return files, nil
	}
	files, err := Solution(n - 1)
	if err != nil {
		return nil, err
	}
	return files, files.add(n, "exercise")
}

// module is box's go.mod. It has no requirements: the toolchain alone builds it.
const module = "module box\n\ngo 1.25\n"

// constraint keeps box out of tutor's own build.
const constraint = "//go:build box\n\n"

func (f Files) add(lab int, part string) error {
	dir, err := folder(lab)
	if err != nil {
		return err
	}
	from, err := fs.Sub(Exercises, path.Join(dir, part))
	if err != nil {
		return err
	}
	return f.addAll(from)
}

// addAll takes every file of a folder.
func (f Files) addAll(from fs.FS) error {
	entries, err := fs.ReadDir(from, ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		content, err := fs.ReadFile(from, e.Name())
		if err != nil {
			return err
		}
		f[e.Name()] = strings.TrimPrefix(string(content), constraint)
	}
	return nil
}

// folder is the directory of lab n: "2-namespaces".
func folder(n int) (string, error) {
	dirs, err := fs.Glob(Exercises, strconv.Itoa(n)+"-*")
	if err != nil || len(dirs) != 1 {
		return "", fmt.Errorf("lab %d has no exercise", n)
	}
	return dirs[0], nil
}

// A Mutant is a wrong solution: a right one with some lines changed.
type Mutant struct {
	Name  string // "exit-zero"
	Check string // the check that must find it out
	Wrong string // what is wrong with it, in words
	diff  string
}

// Mutants are the wrong solutions of lab n.
func Mutants(n int) ([]Mutant, error) {
	dir, err := folder(n)
	if err != nil {
		return nil, err
	}
	paths, err := fs.Glob(Exercises, dir+"/mutants/*.diff")
	if err != nil {
		return nil, err
	}
	sort.Strings(paths)
	var mutants []Mutant
	for _, p := range paths {
		content, err := Exercises.ReadFile(p)
		if err != nil {
			return nil, err
		}
		head := strings.SplitN(string(content), "\n", 3)
		if len(head) < 3 {
			return nil, fmt.Errorf("%s: a check, a sentence, a diff", p)
		}
		mutants = append(mutants, Mutant{Name: strings.TrimSuffix(path.Base(p), ".diff"), Check: head[0], Wrong: head[1], diff: head[2]})
	}
	return mutants, nil
}

// Of is the solution with the mutant's changes. Lines of the diff begin as in every diff: "--- FILE", " " stays, "-" goes,
// "+" comes; "@@" begins the next place. Every place must be there, and only once.
func (m Mutant) Of(solution Files) (Files, error) {
	files := Files{}
	for name, content := range solution {
		files[name] = content
	}
	file, before, after := "", "", ""
	change := func() error {
		if before+after == "" {
			return nil
		}
		if strings.Count(files[file], before) != 1 || before == "" {
			return fmt.Errorf("mutant %s: %s does not have, exactly once:\n%s", m.Name, file, before)
		}
		files[file] = strings.Replace(files[file], before, after, 1)
		before, after = "", ""
		return nil
	}
	for line := range strings.Lines(m.diff + "\n@@\n") {
		name, isFile := strings.CutPrefix(line, "--- ")
		if isFile || strings.HasPrefix(line, "@@") {
			if err := change(); err != nil {
				return nil, err
			}
			if isFile {
				file = strings.TrimSpace(name)
			}
			continue
		}
		switch line[0] {
		case ' ':
			before, after = before+line[1:], after+line[1:]
		case '-':
			before += line[1:]
		case '+':
			after += line[1:]
		}
	}
	return files, nil
}
