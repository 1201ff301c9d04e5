package labs

import "strings"

// read prints a text a screenful at a time.
func (s *Session) read(text string) error {
	_, rows := s.Size()
	lines := strings.SplitAfter(strings.TrimSuffix(text, "\n"), "\n")
	for room := max(rows-2, 5); len(lines) > room+2; lines = lines[room:] {
		s.print(strings.Join(lines[:room], ""))
		key := Resized
		for key == Resized {
			key = s.ask("Enter: more   n: to the end   q: quit")
		}
		if key == 'q' || key == Stop || key == Gone {
			return errLeft
		}
		if key == 'n' {
			lines = lines[len(lines)-room:] // a trace may have fifty screens
			break
		}
	}
	s.print(strings.Join(lines, "") + "\n\n")
	return nil
}
