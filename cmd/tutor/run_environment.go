//go:build linux

package main

import (
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"tutor/runtime/container"
)

// environment reads files of KEY=VALUE lines, then -e. A bare KEY takes the caller's value, if there is one.
func environment(files, flags []string) ([]string, error) {
	var env []string
	for _, name := range files {
		lines, err := fileLines("env", name)
		if err != nil {
			return nil, container.Hint(err, "a file in UTF-8 with lines NAME=value, or -e NAME=value")
		}
		for _, line := range lines {
			if key, _, _ := strings.Cut(line, "="); strings.ContainsAny(key, " \t") {
				return nil, container.Hint(fmt.Errorf("invalid env file (%s): variable '%s' contains whitespaces", name, key), "each line is NAME=value, or a NAME that tutor itself has")
			}
		}
		env = append(env, lines...)
	}
	var set []string
	for _, e := range append(env, flags...) {
		key, _, hasValue := strings.Cut(e, "=")
		if key == "" || strings.ContainsRune(e, 0) {
			return nil, container.Hint(fmt.Errorf("invalid environment variable: %s", e), "-e NAME=value, or -e NAME for the value that it has here")
		}
		if value, there := os.LookupEnv(key); !hasValue && there {
			e = key + "=" + value
		}
		set = append(set, e) // a mere name takes the image's variable away
	}
	return set, nil
}

// fileLines are those of a file that say something: not the empty ones and those that begin with #. Editors on Windows put a
// byte order mark before the first, which would be a part of its name.
func fileLines(kind, name string) (lines []string, err error) {
	content, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	for i, line := range strings.Split(strings.TrimPrefix(string(content), "\ufeff"), "\n") {
		if !utf8.ValidString(line) {
			return nil, fmt.Errorf("%s file %s contains invalid utf8 bytes at line %d: %q", kind, name, i+1, line)
		}
		line = strings.TrimLeft(strings.TrimSuffix(line, "\r"), " \t")
		if line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines, nil
}
