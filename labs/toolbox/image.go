package toolbox

import (
	"archive/tar"
	"bytes"
	"debug/elf"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
	"golang.org/x/sys/unix"

	"tutor/runtime/image"
)

// Image is the name of the image that is built in: one layer with this very program, and a name for each
// tool that it can be.
const Image = "tutor/lab"

// madeOf is the annotation that says which build of tutor an image was made of.
const madeOf = "tutor.made-of"

// Ensure finds the built-in image in the store, and makes it when it is not there or is another build's. From
// then on it is an image like any other: with digests, layers and a config. inUse says which images containers
// stand on: another build's stays for them.
func Ensure(store *image.Store, inUse image.InUse) (image.Image, error) {
	var self unix.Stat_t
	if err := unix.Stat("/proc/self/exe", &self); err != nil {
		return image.Image{}, fmt.Errorf("/proc/self/exe: %w", err)
	}
	build := fmt.Sprintf("%d:%d:%d:%d.%d", self.Dev, self.Ino, self.Size, self.Mtim.Sec, self.Mtim.Nsec)
	have, err := store.Find(Image)
	if err == nil && have.Annotations[madeOf] == build {
		return have, nil
	}
	ref, err := image.Parse(Image)
	if err != nil {
		return image.Image{}, err
	}
	made, err := assemble(time.Unix(self.Mtim.Unix()))
	if err != nil {
		return image.Image{}, fmt.Errorf("making %s: %w", Image, err)
	}
	img, err := store.Put(ref, made, map[string]string{madeOf: build})
	if err == nil && have.Annotations[madeOf] != "" && have.ID != img.ID {
		store.Remove(have.ID, false, inUse) // another build's: nobody will ever ask for it again
	}
	return img, err
}

// assemble makes the image of this program; every time in it is the program's own.
func assemble(when time.Time) (v1.Image, error) {
	layer, err := content(when)
	if err != nil {
		return nil, err
	}
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	img, err := mutate.Append(base, mutate.Addendum{
		Layer:   static.NewLayer(layer, types.OCIUncompressedLayer),
		History: v1.History{Created: v1.Time{Time: when}, CreatedBy: "tutor: this program, and a link for every tool"},
	})
	if err != nil {
		return nil, err
	}
	config, err := img.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Created = "linux", runtime.GOARCH, v1.Time{Time: when}
	config.Config = v1.Config{Cmd: []string{"sh"}, Env: []string{"PATH=/bin"}}
	return mutate.ConfigFile(img, config)
}

// files are what the layer holds beside the program and its names. A trailing slash is a directory.
var files = []struct {
	name    string
	mode    int64
	content string
}{
	{"bin/", 0o755, ""},
	{"dev/", 0o755, ""},
	{"etc/", 0o755, ""},
	{"etc/passwd", 0o644, "root:x:0:0:root:/root:/bin/sh\nstudent:x:1000:1000:student:/home/student:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"},
	{"etc/group", 0o644, "root:x:0:\nwheel:x:10:student\nstudent:x:1000:\nnogroup:x:65534:\n"},
	{"home/", 0o755, ""},
	{"home/student/", 0o755, ""},
	{"proc/", 0o555, ""},
	{"root/", 0o700, ""},
	{"sys/", 0o555, ""},
	{"tmp/", 0o1777, ""},
	{"var/", 0o755, ""},
	{"var/www/", 0o755, ""},
	{"var/www/index.html", 0o644, "<!doctype html>\n<title>tutor</title>\n<h1>It works: this page comes out of a container.</h1>\n"},
}

func content(when time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		h := &tar.Header{Name: f.name, Mode: f.mode, Size: int64(len(f.content)), ModTime: when, Typeflag: tar.TypeReg}
		if f.name[len(f.name)-1] == '/' {
			h.Typeflag = tar.TypeDir
		}
		if f.name == "home/student/" {
			h.Uid, h.Gid = 1000, 1000
		}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
		if _, err := io.WriteString(w, f.content); err != nil {
			return nil, err
		}
	}
	if err := program(w, when); err != nil {
		return nil, err
	}
	for _, name := range Applets() {
		h := &tar.Header{Name: "bin/" + name, Linkname: "toolbox", Typeflag: tar.TypeSymlink, Mode: 0o777, ModTime: when}
		if err := w.WriteHeader(h); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), w.Close()
}

// program copies this program into the layer: a copy, so that nothing inside can reach the one on the host
// (CVE-2019-5736).
func program(w *tar.Writer, when time.Time) error {
	self, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer self.Close()
	if err := standsAlone(self); err != nil {
		return err
	}
	info, err := self.Stat()
	if err != nil {
		return err
	}
	if err := w.WriteHeader(&tar.Header{Name: "bin/toolbox", Mode: 0o755, Size: info.Size(), ModTime: when, Typeflag: tar.TypeReg}); err != nil {
		return err
	}
	_, err = io.Copy(w, self)
	return err
}

// standsAlone refuses a tutor that was linked with the C library: in an image that has none the kernel finds no loader for
// it, and says of every tool that there is no such file.
func standsAlone(self io.ReaderAt) error {
	file, err := elf.NewFile(self)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(file.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP }) {
		return nil
	}
	return &image.Error{Msg: "this tutor was linked with the C library, which no container has", Hint: "build it as one static program: make, or CGO_ENABLED=0 go build ./cmd/tutor"}
}
