package grader

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
)

var imageChecks = []Check{
	{ID: "lab5.root", Title: "COMMAND's root comes out of the image", Points: 3, Man: "tar(1)", Read: "By hand", Run: rootOfImage,
		Hints: []string{"index.json, then a manifest, then its layers: each is a blob named by its digest", "gzip, tar, in the order of the manifest", ""}},
	{ID: "lab5.cmd", Title: "without COMMAND the image says what to run: Entrypoint and Cmd", Points: 2, Needs: []string{"lab5.root"}, Man: "execve(2)", Read: "Run it", Run: imageCmd,
		Hints: []string{"the config is a blob, too: manifest.config", "Entrypoint, followed by Cmd", ""}},
	{ID: "lab5.entrypoint", Title: "COMMAND takes the place of Cmd, and not of Entrypoint", Points: 1, Needs: []string{"lab5.root"}, Man: "execve(2)", Read: "Run it", Run: imageEntrypoint,
		Hints: []string{"Entrypoint is always there, Cmd is a default", "", ""}},
	{ID: "lab5.env", Title: "COMMAND's environment is the image's", Points: 1, Needs: []string{"lab5.root"}, Man: "environ(7)", Read: "Run it", Run: imageEnv,
		Hints: []string{"config.Env is a list of NAME=VALUE", "", ""}},
	{ID: "lab5.workdir", Title: "COMMAND starts in WorkingDir", Points: 1, Needs: []string{"lab5.root"}, Man: "chdir(2)", Read: "Break it", Run: imageWorkdir,
		Hints: []string{"chdir after the pivot: the directory is the image's", "it is made if it is missing", ""}},
	{ID: "lab5.user", Title: "COMMAND runs as User", Points: 2, Needs: []string{"lab5.root"}, Man: "setuid(2)", Read: "Break it", Run: imageUser,
		Hints: []string{"uid:gid, in numbers here", "first the groups, then the group, then the user: afterwards there is no right to", "setgroups, setgid, setuid, last of all before execve"}},
	{ID: "lab5.platform", Title: "of several platforms, this machine's", Points: 2, Needs: []string{"lab5.root"}, Man: "uname(2)", Read: "By hand", Run: imagePlatform,
		Hints: []string{"a tag may name an index: one manifest for each platform", "compare platform.os and platform.architecture", "runtime.GOARCH is named as in images; uname -m is not"}},
	{ID: "lab5.tag", Title: "of several images, the one of the tag", Points: 1, Needs: []string{"lab5.root"}, Man: "tar(1)", Read: "By hand", Run: imageTag,
		Hints: []string{"the annotation org.opencontainers.image.ref.name", "", ""}},
	{ID: "lab5.whiteout", Title: "whiteouts delete what lower layers have", Points: 2, Needs: []string{"lab5.root"}, Man: "tar(1)", Read: "By hand", Run: imageWhiteouts,
		Hints: []string{"a tar cannot say that a file is gone; a file .wh.NAME says it", ".wh..wh..opq means: all that the directory had", "no .wh. file may be seen inside"}},
	{ID: "lab5.digest", Title: "a blob that is not what its name says is refused", Points: 3, Needs: []string{"lab5.root"}, Man: "sha256sum(1)", Read: "Run it", Run: imageDigest,
		Hints: []string{"the digest is the only thing that ties a layer to the manifest", "compute sha256 of what you have read, and compare, before you use it", ""}},
	{ID: "lab5.dotdot", Title: "../ in a layer leads nowhere outside", Points: 2, Needs: []string{"lab5.root"}, Man: "openat2(2)", Read: "Real world", Run: imageDotDot,
		Hints: []string{"an image is a stranger's word, and box is root", "refuse a name that leaves the root", "os.Root, or openat2 with RESOLVE_BENEATH"}},
	{ID: "lab5.symlink", Title: "a symbolic link in a layer is not followed out", Points: 2, Needs: []string{"lab5.root"}, Man: "openat2(2)", Read: "Real world", Run: imageSymlink,
		Hints: []string{"the first entry makes a link to /, the second writes through it", "a clean name is not enough: every directory on the way may be a link", "os.Root, or openat2 with RESOLVE_IN_ROOT"}},
	{ID: "lab5.left", Title: "nothing stays: no mount, no process, no group", Points: 1, Needs: []string{"lab5.root"}, Man: "mount_namespaces(7)", Run: nothingLeft5,
		Hints: []string{"what is unpacked on a tmpfs in the child's mount namespace goes with it", "", ""}},
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
