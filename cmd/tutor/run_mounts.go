//go:build linux

package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tutor/runtime/container"
	"tutor/runtime/volumes"
)

// A place is what one -v, --mount or --tmpfs puts into the container: a mount, or a volume that becomes one.
type place struct {
	target string
	mount  *specs.Mount
	volume *container.VolumeUse
	made   bool // the mount's source is made when it is missing
}

// places reads -v, --mount and --tmpfs. The same word twice is one, as in Docker; two things in one place are not.
func (r *rawFlags) places(o *container.Options) error {
	taken := map[string]bool{}
	for _, flag := range []struct {
		texts []string
		parse func(string) (place, error)
	}{{r.volumes, volume}, {r.mounts, mount}, {r.tmpfs, tmpfs}} {
		for i, text := range flag.texts {
			if slices.Contains(flag.texts[:i], text) {
				continue
			}
			p, err := flag.parse(text)
			if err != nil {
				return err
			}
			if err := container.CheckTarget(p.target); err != nil {
				return err
			}
			if p.volume != nil && r.driver != "" && r.driver != localDriver {
				return noDriver(p.volume.Name, r.driver)
			}
			target := filepath.Clean(p.target)
			if taken[target] {
				return fmt.Errorf("Duplicate mount point: %s", target)
			}
			taken[target] = true
			p.into(o, target)
		}
	}
	return nil
}

func (p place) into(o *container.Options, target string) {
	if p.volume != nil {
		p.volume.Destination = target
		o.Volumes = append(o.Volumes, *p.volume)
		return
	}
	p.mount.Destination = target
	o.Mounts = append(o.Mounts, *p.mount)
	if p.made {
		o.HostDirs = append(o.HostDirs, p.mount.Source)
	}
}

// volume reads -v [SOURCE:]TARGET[:OPTIONS]. A path is a directory of the host, any other source the name of a
// volume; without a source the volume has no name.
func volume(text string) (place, error) {
	parts := strings.Split(text, ":")
	if text == "" {
		return place{}, container.Hint(fmt.Errorf("invalid empty volume spec"), volumeForms)
	}
	if len(parts) > 3 {
		return place{}, container.Hint(fmt.Errorf("invalid spec: %s: too many colons", text), volumeForms)
	}
	if slices.Contains(parts, "") {
		return place{}, container.Hint(fmt.Errorf("invalid spec: %s: empty section between colons", text), volumeForms)
	}
	if len(parts) == 1 {
		return place{target: filepath.Join("/", text), volume: &container.VolumeUse{RW: true}}, nil
	}
	source, err := onTheHost(parts[0])
	if err != nil {
		return place{}, err
	}
	if !filepath.IsAbs(parts[1]) {
		return place{}, container.Hint(relative(source, parts[1:]), volumeForms)
	}
	options, err := readVolumeOptions(append(parts, "")[2])
	if err != nil {
		return place{}, err
	}
	if !filepath.IsAbs(source) {
		return place{target: parts[1], volume: &container.VolumeUse{Name: source, RW: !options.readonly, NoCopy: options.nocopy}}, volumes.CheckName(source)
	}
	if options.nocopy {
		return place{}, container.Hint(fmt.Errorf("invalid volume specification: '%s': nocopy is for volumes, not for directories of the host", text), volumeForms)
	}
	return place{target: parts[1], mount: bind(filepath.Clean(source), options.readonly), made: true}, nil
}

// onTheHost is what a source means that begins with a dot: a directory below the working directory.
func onTheHost(source string) (string, error) {
	if !strings.HasPrefix(source, ".") {
		return source, nil
	}
	path, err := filepath.Abs(source)
	if err != nil {
		return "", container.Hint(fmt.Errorf("%s: the working directory is not there: %w", source, err), "somebody has removed it: cd to another, or name the source by its path from /")
	}
	return path, nil
}

// relative says it in Docker's words.
func relative(source string, rest []string) error {
	kind := "volume"
	if filepath.IsAbs(source) {
		kind = "bind"
	}
	return fmt.Errorf("invalid volume specification: '%s:%s': invalid mount config for type %q: invalid mount path: '%s' mount path must be absolute",
		source, strings.Join(rest, ":"), kind, rest[0])
}

const volumeForms = "the forms are NAME:/path[:ro], /host/path:/path[:ro] and /path"

type volumeOptions struct{ readonly, nocopy bool }

func readVolumeOptions(text string) (o volumeOptions, err error) {
	var written bool
	for _, word := range strings.Split(text, ",") {
		switch word {
		case "ro":
			o.readonly = true
		case "rw":
			written = true
		case "nocopy":
			o.nocopy = true
		case "z", "Z", "": // SELinux labels mean nothing here
		case "cached", "delegated", "consistent": // nor does what a virtual machine would do
		case "private", "rprivate": // as it is
		case "shared", "rshared", "slave", "rslave":
			return o, propagates.error("mode " + word)
		default:
			return o, container.Hint(fmt.Errorf("invalid mode: %s", text), volumeForms)
		}
	}
	if o.readonly && written {
		return o, container.Hint(fmt.Errorf("invalid mode: %s", text), volumeForms)
	}
	return o, nil
}

func bind(source string, readonly bool) *specs.Mount {
	m := &specs.Mount{Type: "bind", Source: source, Options: []string{"rbind", "rw"}}
	if readonly {
		m.Options = append(m.Options, "ro")
	}
	return m
}

// tmpfs reads --tmpfs /path[:options].
func tmpfs(text string) (place, error) {
	target, options, _ := strings.Cut(text, ":")
	m := &specs.Mount{Type: "tmpfs", Source: "tmpfs", Options: []string{"nosuid", "nodev", "noexec"}}
	for _, o := range strings.Split(options, ",") {
		if o != "" {
			m.Options = append(m.Options, o)
		}
	}
	return place{target: target, mount: m}, nil
}

func labels(texts []string) (map[string]string, error) {
	set := map[string]string{}
	for _, text := range texts {
		key, value, _ := strings.Cut(text, "=")
		if key == "" {
			return nil, container.Hint(fmt.Errorf("invalid label: %q", text), "-l KEY=VALUE, or -l KEY")
		}
		set[key] = value
	}
	return set, nil
}

// checkName allows what Docker allows: at least two characters, letters and digits first.
func checkName(name string) error {
	if name == "" || (len(name) <= 128 && regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`).MatchString(name)) {
		return nil
	}
	return container.Hint(fmt.Errorf("Invalid container name (%.40q), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name),
		"two to 128 letters, digits, dots, dashes and underscores: --name web-1")
}
