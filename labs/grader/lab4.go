package grader

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"tutor/runtime/layers"
)

var layerLooks = looks{
	"lab4.root":     rootOfLayers,
	"lab4.overlay":  rootIsOverlay,
	"lab4.shadow":   shadows,
	"lab4.whiteout": hides,
	"lab4.lower":    lowerUnchanged,
	"lab4.apart":    boxesApart,
	"lab4.breakout": noBreakout,
	"lab4.proc":     procInRoot,
	"lab4.left":     nothingLeft4,
}

// layered is a command line with layers, whose COMMAND is in the lowest.
func layered(layers []string, words ...string) []string {
	args := []string{"run"}
	for _, l := range layers {
		args = append(args, "--layer", l)
	}
	return append(append(args, "--", "/bin/tutor", "probe"), words...)
}

var twoLayers = []string{"/var/lower", "/var/upper"}

// inside reads a file as COMMAND sees it: no link in there leads out.
func (p Process) inside(path string) string {
	root, err := unix.Open(p.path("root"), unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err.Error()
	}
	defer unix.Close(root)
	fd, err := layers.OpenIn(root, path, strangers)
	if errors.Is(err, fs.ErrNotExist) {
		return "no such file"
	}
	if err != nil {
		return err.Error()
	}
	var content strings.Builder
	if err := take(os.NewFile(uintptr(fd), path), outputLimit, &content); err != nil {
		return err.Error()
	}
	return content.String()
}

// twoTrees plants both layers and starts box on them.
func (s *Sandbox) twoTrees(lower, upper treeFiles, words ...string) (Process, error) {
	if err := errors.Join(s.base(twoLayers[0], lower), s.plant(twoLayers[1], upper)); err != nil {
		return 0, err
	}
	_, command, err := s.Holds(layered(twoLayers, words...)...)
	return command, err
}

func rootOfLayers(s *Sandbox) error {
	name, text := s.Word(), s.Word()
	command, err := s.twoTrees(treeFiles{name: text}, treeFiles{"other/": ""}, "hold")
	if err != nil {
		return err
	}
	if err := same("/"+name+" to hold", text, command.inside("/"+name)); err != nil {
		return err
	}
	if _, err := os.Stat(command.path("root" + boxDir)); err == nil {
		return wrong("the layers' files only", "the host's are there as well: "+boxDir)
	}
	return nil
}

func rootIsOverlay(s *Sandbox) error {
	command, err := s.twoTrees(treeFiles{}, treeFiles{"other/": ""}, "hold")
	if err != nil {
		return err
	}
	for _, line := range strings.Split(command.read("mountinfo"), "\n") {
		if fields := strings.Fields(line); len(fields) > 4 && fields[4] == "/" {
			_, kind, _ := strings.Cut(line, " - ")
			return same("/ to be of type", "overlay", strings.Fields(kind)[0])
		}
	}
	return wrong("/ in COMMAND's mountinfo to be an overlay", "no mount at /: the root was only changed by chroot",
		"chroot makes no mount, pivot_root does")
}

func shadows(s *Sandbox) error {
	name, low, high := s.Word(), s.Word(), s.Word()
	command, err := s.twoTrees(treeFiles{name: low}, treeFiles{name: high}, "hold")
	if err != nil {
		return err
	}
	return same("/"+name+" to be the upper layer's,", high, command.inside("/"+name))
}

func hides(s *Sandbox) error {
	gone, dir, old, fresh := s.Word(), s.Word(), s.Word(), s.Word()
	command, err := s.twoTrees(treeFiles{gone: "x", dir + "/" + old: "x"}, treeFiles{gone: whiteout, dir + "/": opaque, dir + "/" + fresh: "y"}, "hold")
	if err != nil {
		return err
	}
	if err := same("/"+gone+", which a whiteout hides:", "no such file", command.inside("/"+gone)); err != nil {
		return err
	}
	if err := same("/"+dir+"/"+old+", below an opaque directory:", "no such file", command.inside("/"+dir+"/"+old)); err != nil {
		return err
	}
	return same("/"+dir+"/"+fresh+" to hold", "y", command.inside("/"+dir+"/"+fresh))
}

func lowerUnchanged(s *Sandbox) error {
	keep, goes, text := s.Word(), s.Word(), s.Word()
	if err := errors.Join(s.base(twoLayers[0], treeFiles{goes: "x", keep: "x"}), s.plant(twoLayers[1], treeFiles{goes + "2": "x"})); err != nil {
		return err
	}
	var before [2]string
	for i, l := range twoLayers {
		before[i], _ = s.print(l)
	}
	_, command, err := s.Holds(layered(twoLayers, "change", "/"+keep, text, "/"+goes, "/"+goes+"2")...)
	if err != nil {
		return err
	}
	if err := same("/"+keep+" to be written,", text, command.inside("/"+keep)); err != nil {
		return err
	}
	if err := same("/"+goes+" to be deleted inside,", "no such file", command.inside("/"+goes)); err != nil {
		return err
	}
	for i, l := range twoLayers {
		after, err := s.print(l)
		if err != nil {
			return err
		}
		if err := same("layer "+l+" as it was:", before[i], after); err != nil {
			return err
		}
	}
	return nil
}

func boxesApart(s *Sandbox) error {
	name, text := s.Word(), s.Word()
	if _, err := s.twoTrees(treeFiles{}, treeFiles{"other/": ""}, "write", "/"+name, text); err != nil {
		return err
	}
	_, second, err := s.Holds(layered(twoLayers, "hold")...)
	if err != nil {
		return err
	}
	return same("/"+name+", which another box has written,", "no such file", second.inside("/"+name))
}

// noBreakout puts a mark on the host's root and looks where COMMAND's root is after it has tried to leave.
func noBreakout(s *Sandbox) error {
	mark := "/" + s.Word()
	if err := os.WriteFile(s.host(mark), nil, 0o644); err != nil {
		return err
	}
	command, err := s.twoTrees(treeFiles{}, treeFiles{"other/": ""}, "breakout")
	if err != nil {
		return err
	}
	if _, err := os.Stat(command.path("root" + mark)); err == nil {
		return wrong("chroot(\"jail\"); chdir(\"../..\"); chroot(\".\") to stay in the layers", "it is at the host's root, where "+mark+" is")
	}
	return nil
}

func procInRoot(s *Sandbox) error {
	command, err := s.twoTrees(treeFiles{}, treeFiles{"other/": ""}, "hold")
	if err != nil {
		return err
	}
	shown, _ := filepath.Glob(command.path("root/proc/[0-9]*"))
	for i := range shown {
		shown[i] = filepath.Base(shown[i])
	}
	return same("/proc to show the PIDs", "1", strings.Join(shown, " "))
}

func nothingLeft4(s *Sandbox) error {
	if err := errors.Join(s.base(twoLayers[0], treeFiles{}), s.plant(twoLayers[1], treeFiles{"other/": ""})); err != nil {
		return err
	}
	box, err := s.Ends("", layered(twoLayers, "say", s.Word())...)
	if err != nil {
		return err
	}
	return cmp.Or(s.clean(), box.Ran())
}
