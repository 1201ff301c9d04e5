package grader

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
)

var imageLooks = looks{
	"lab5.root":       rootOfImage,
	"lab5.cmd":        imageCmd,
	"lab5.entrypoint": imageEntrypoint,
	"lab5.env":        imageEnv,
	"lab5.workdir":    imageWorkdir,
	"lab5.user":       imageUser,
	"lab5.platform":   imagePlatform,
	"lab5.tag":        imageTag,
	"lab5.whiteout":   imageWhiteouts,
	"lab5.digest":     imageDigest,
	"lab5.dotdot":     imageDotDot,
	"lab5.symlink":    imageSymlink,
	"lab5.left":       nothingLeft5,
}

const imageDir = "/var/image"

// pictured makes a layout of one image, and starts box on it.
func (s *Sandbox) pictured(config map[string]any, layers [][]entry, words ...string) (*Box, Process, error) {
	if err := s.paint(config, layers...); err != nil {
		return nil, 0, err
	}
	return s.Holds(append([]string{"run", "--image", imageDir}, words...)...)
}

func (s *Sandbox) paint(config map[string]any, layers ...[]entry) error {
	_, err := s.spoilt(config, layers...)
	return err
}

// spoilt is paint, and tells where the topmost layer lies.
func (s *Sandbox) spoilt(config map[string]any, layers ...[]entry) (string, error) {
	l, err := s.layout(imageDir)
	if err != nil {
		return "", err
	}
	described, err := l.image(picture{config: config, layers: layers})
	if err != nil {
		return "", err
	}
	l.name(described, "latest")
	return l.lastLayer, l.write()
}

var holds = []string{"--", "/bin/tutor", "probe", "hold"}

func rootOfImage(s *Sandbox) error {
	name, low, high := s.Word(), s.Word(), s.Word()
	_, command, err := s.pictured(nil, [][]entry{{{name: name, content: low}}, {{name: name, content: high}}}, holds...)
	if err != nil {
		return err
	}
	return same("/"+name+" to be the upper layer's,", high, command.inside("/"+name))
}

func imageCmd(s *Sandbox) error {
	word := s.Word()
	_, command, err := s.pictured(map[string]any{"Entrypoint": []string{"/bin/tutor", "probe"}, "Cmd": []string{"hold", word}}, nil)
	if err != nil {
		return err
	}
	return same("to run", "/bin/tutor probe hold "+word, strings.Join(command.Args(), " "))
}

func imageEntrypoint(s *Sandbox) error {
	word := s.Word()
	_, command, err := s.pictured(map[string]any{"Entrypoint": []string{"/bin/tutor", "probe"}, "Cmd": []string{"exit", "9"}}, nil, "--", "hold", word)
	if err != nil {
		return err
	}
	return same("to run", "/bin/tutor probe hold "+word, strings.Join(command.Args(), " "))
}

func imageEnv(s *Sandbox) error {
	variable := strings.ToUpper(s.Word()) + "=" + s.Word() + "=x y"
	_, command, err := s.pictured(map[string]any{"Env": []string{"PATH=/bin", variable}}, nil, holds...)
	if err != nil {
		return err
	}
	if !slices.Contains(command.Env(), variable) {
		return wrong(variable+" in COMMAND's environment", strings.Join(command.Env(), " "))
	}
	return nil
}

func imageWorkdir(s *Sandbox) error {
	dir := "/" + s.Word() + "/" + s.Word()
	_, command, err := s.pictured(map[string]any{"WorkingDir": dir}, [][]entry{{{name: dir[1:] + "/"}}}, holds...)
	if err != nil {
		return err
	}
	at, err := os.Stat(command.path("cwd"))
	if err != nil {
		return err
	}
	wanted, err := os.Stat(command.path("root" + dir))
	if err != nil || !os.SameFile(at, wanted) {
		return wrong("COMMAND to start in "+dir, "it is in "+command.Link("cwd"))
	}
	return nil
}

func imageUser(s *Sandbox) error {
	uid, gid := fmt.Sprint(s.Between(20000, 29999)), fmt.Sprint(s.Between(30000, 39999))
	_, command, err := s.pictured(map[string]any{"User": uid + ":" + gid}, nil, holds...)
	if err != nil {
		return err
	}
	four := func(id string) string { return strings.Join([]string{id, id, id, id}, " ") }
	if err := same("uids", four(uid), command.Status("Uid")); err != nil {
		return err
	}
	return same("gids", four(gid), command.Status("Gid"))
}

func imagePlatform(s *Sandbox) error {
	l, err := s.layout(imageDir)
	if err != nil {
		return err
	}
	name, right := s.Word(), s.Word()
	var manifests []map[string]any
	for _, p := range []struct{ arch, text string }{{"s390x", "the one of s390x"}, {"", right}, {"riscv64", "the one of riscv64"}} {
		m, err := l.image(picture{arch: p.arch, layers: [][]entry{{{name: name, content: p.text}}}})
		if err != nil {
			return err
		}
		manifests = append(manifests, m)
	}
	index, err := l.json(indexType, map[string]any{"manifests": manifests})
	if err != nil {
		return err
	}
	l.name(index, "latest")
	if err := l.write(); err != nil {
		return err
	}
	_, command, err := s.Holds(append([]string{"run", "--image", imageDir + ":latest"}, holds...)...)
	if err != nil {
		return err
	}
	return same("/"+name+" to hold", right, command.inside("/"+name))
}

func imageTag(s *Sandbox) error {
	l, err := s.layout(imageDir)
	if err != nil {
		return err
	}
	name, tag := s.Word(), s.Word()
	for _, t := range []string{"latest", tag, s.Word()} {
		m, err := l.image(picture{layers: [][]entry{{{name: name, content: "the one of " + t}}}})
		if err != nil {
			return err
		}
		l.name(m, t)
	}
	if err := l.write(); err != nil {
		return err
	}
	_, command, err := s.Holds(append([]string{"run", "--image", imageDir + ":" + tag}, holds...)...)
	if err != nil {
		return err
	}
	return same("/"+name+" to hold", "the one of "+tag, command.inside("/"+name))
}

func imageWhiteouts(s *Sandbox) error {
	gone, dir, old, fresh := s.Word(), s.Word(), s.Word(), s.Word()
	_, command, err := s.pictured(nil, [][]entry{
		{{name: gone, content: "x"}, {name: dir + "/"}, {name: dir + "/" + old, content: "x"}},
		{{name: ".wh." + gone}, {name: dir + "/"}, {name: dir + "/" + fresh, content: "y"}, {name: dir + "/.wh..wh..opq"}}}, holds...)
	if err != nil {
		return err
	}
	for _, path := range []string{"/" + gone, "/.wh." + gone, "/" + dir + "/" + old, "/" + dir + "/.wh..wh..opq"} {
		if err := same(path+":", "no such file", command.inside(path)); err != nil {
			return err
		}
	}
	return same("/"+dir+"/"+fresh+", of the layer that deletes, to hold", "y", command.inside("/"+dir+"/"+fresh))
}

func nothingLeft5(s *Sandbox) error {
	if err := s.paint(nil); err != nil {
		return err
	}
	box, err := s.Ends("", "run", "--image", imageDir, "--", "/bin/tutor", "probe", "say", "x")
	if err != nil {
		return err
	}
	return cmp.Or(s.clean(), box.Ran())
}
