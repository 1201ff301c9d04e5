package grader

import (
	"os"
	"strings"
)

// imageDigest puts another good layer in the place of one: gzip and tar are in order, only the digest is not.
func imageDigest(s *Sandbox) error {
	layer, err := s.spoilt(nil, []entry{{name: "a", content: s.Word()}})
	if err != nil {
		return err
	}
	other, err := pack([]entry{{name: "a", content: s.Word()}})
	if err != nil {
		return err
	}
	if err := os.WriteFile(layer, other.zipped, 0o644); err != nil {
		return err
	}
	word := s.Word()
	box, err := s.Ends("", "run", "--image", imageDir, "--", "/bin/tutor", "probe", "say", word)
	if err != nil {
		return err
	}
	if strings.Contains(box.Stdout.String(), word) {
		return wrong("box to refuse the image", "COMMAND ran, on a layer that nobody has signed for")
	}
	return refused(box, "125")
}

func imageDotDot(s *Sandbox) error {
	mark := s.Word()
	return s.evil("/"+mark, []entry{{name: strings.Repeat("../", 12) + mark, content: "out"}})
}

func imageSymlink(s *Sandbox) error {
	mark, link := s.Word(), s.Word()
	return s.evil("/"+mark, []entry{{name: link, link: "/"}, {name: link + "/" + mark, content: "out"}})
}

// evil runs box on an image that wants to write outside. It may refuse, or keep it inside.
func (s *Sandbox) evil(outside string, layer []entry) error {
	if err := s.paint(nil, layer); err != nil {
		return err
	}
	if _, err := s.Ends("", "run", "--image", imageDir, "--", "/bin/tutor", "probe", "exit", "0"); err != nil {
		return err
	}
	if _, err := os.Lstat(s.host(outside)); err == nil {
		return wrong("nothing to be written outside the root", "the layer has written "+outside+" on the host")
	}
	return nil
}
