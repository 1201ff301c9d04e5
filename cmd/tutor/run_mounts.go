package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tutor/runtime/container"
)

// allMounts reads -v, --mount and --tmpfs.
func (r *rawFlags) allMounts() ([]specs.Mount, error) {
	var mounts []specs.Mount
	for _, parse := range []struct {
		texts []string
		one   func(string) (specs.Mount, error)
	}{{r.volumes, volume}, {r.mounts, mount}, {r.tmpfs, tmpfs}} {
		for _, text := range parse.texts {
			m, err := parse.one(text)
			if err != nil {
				return nil, err
			}
			if err := checkTarget(m.Destination); err != nil {
				return nil, err
			}
			for _, other := range mounts {
				if other.Destination == m.Destination {
					return nil, fmt.Errorf("Duplicate mount point: %s", m.Destination)
				}
			}
			mounts = append(mounts, m)
		}
	}
	return mounts, nil
}

// volume reads -v SOURCE:TARGET[:ro]. A source that is not there is made, as Docker does.
func volume(text string) (specs.Mount, error) {
	parts := strings.Split(text, ":")
	if len(parts) < 2 || len(parts) > 3 || parts[0] == "" {
		return specs.Mount{}, container.Hint(fmt.Errorf("invalid volume specification: '%s'", text), "the form is /host/path:/path[:ro]; volumes without a source are not there yet")
	}
	source := parts[0]
	if strings.HasPrefix(source, ".") {
		source, _ = filepath.Abs(source)
	}
	if !filepath.IsAbs(source) {
		return specs.Mount{}, container.Hint(fmt.Errorf("volume %q: this version of tutor has no named volumes yet", source), "give an absolute path of the host: /srv/data:/data")
	}
	options := []string{"rbind", "rw"}
	if len(parts) == 3 {
		for _, o := range strings.Split(parts[2], ",") {
			switch o {
			case "ro":
				options = append(options, "ro")
			case "rw", "z", "Z", "": // SELinux labels mean nothing here
			default:
				return specs.Mount{}, fmt.Errorf("invalid mode: %s", parts[2])
			}
		}
	}
	if err := os.MkdirAll(source, 0o755); err != nil && !errors.Is(err, os.ErrExist) {
		if info, statErr := os.Stat(source); statErr != nil || info.IsDir() {
			return specs.Mount{}, fmt.Errorf("volume %s: %w", source, err)
		}
	}
	return specs.Mount{Type: "bind", Source: filepath.Clean(source), Destination: parts[1], Options: options}, nil
}

// mount reads --mount type=bind,src=,dst=[,readonly] and type=tmpfs,dst=[,tmpfs-size=,tmpfs-mode=].
func mount(text string) (specs.Mount, error) {
	m := specs.Mount{Type: "volume"}
	var readonly bool
	var memory []string
	for _, field := range strings.Split(text, ",") {
		key, value, _ := strings.Cut(field, "=")
		switch key {
		case "type":
			m.Type = value
		case "src", "source":
			m.Source = value
		case "dst", "destination", "target":
			m.Destination = value
		case "readonly", "ro":
			readonly = value == "" || value == "true" || value == "1"
		case "tmpfs-size":
			n, err := bytes("tmpfs-size", value)
			if err != nil {
				return m, err
			}
			memory = append(memory, fmt.Sprintf("size=%d", n))
		case "tmpfs-mode":
			memory = append(memory, "mode="+value)
		default:
			return m, fmt.Errorf("invalid argument %q for \"--mount\" flag: unexpected key '%s' in '%s'", text, key, field)
		}
	}
	if m.Destination == "" {
		return m, fmt.Errorf("invalid argument %q for \"--mount\" flag: target is required", text)
	}
	switch m.Type {
	case "bind":
		m.Options = []string{"rbind", "rw"}
		if !filepath.IsAbs(m.Source) {
			return m, fmt.Errorf("invalid mount config for type \"bind\": invalid mount path: '%s' mount path must be absolute", m.Source)
		}
	case "tmpfs":
		m.Source, m.Options = "tmpfs", append([]string{"nosuid", "nodev", "noexec"}, memory...)
	default:
		return m, container.Hint(fmt.Errorf("--mount %s: this version of tutor has no named volumes yet", text), "type=bind,src=/host/path,dst=/path")
	}
	if readonly {
		m.Options = append(m.Options, "ro")
	}
	return m, nil
}

// tmpfs reads --tmpfs /path[:options].
func tmpfs(text string) (specs.Mount, error) {
	target, options, _ := strings.Cut(text, ":")
	m := specs.Mount{Type: "tmpfs", Source: "tmpfs", Destination: target, Options: []string{"nosuid", "nodev", "noexec"}}
	for _, o := range strings.Split(options, ",") {
		if o != "" {
			m.Options = append(m.Options, o)
		}
	}
	return m, nil
}

// mountable are the files below /proc that a mount may lie over: they only tell. Anything else there would
// let an image feed tutor and the kernel a false /proc (CVE-2025-52881).
var mountable = map[string]bool{
	"/proc/cpuinfo":   true,
	"/proc/diskstats": true,
	"/proc/meminfo":   true,
	"/proc/stat":      true,
	"/proc/swaps":     true,
	"/proc/uptime":    true,
	"/proc/loadavg":   true,
}

// checkTarget refuses the places that are tutor's own to mount.
func checkTarget(target string) error {
	if !strings.HasPrefix(target, "/") {
		return fmt.Errorf("invalid mount path: '%s' mount path must be absolute", target)
	}
	clean := path.Clean(target)
	for _, own := range []string{"/", "/proc", "/sys", "/dev", "/sys/fs/cgroup"} {
		if clean == own {
			return container.Hint(fmt.Errorf("invalid specification: destination can't be '%s'", clean), "that place is the container's own: choose another")
		}
	}
	if strings.HasPrefix(clean, "/proc/") && !mountable[clean] {
		return container.Hint(fmt.Errorf("%q cannot be mounted because it is inside /proc", clean), "a false /proc would deceive every program inside, and tutor")
	}
	return nil
}

func labels(texts []string) (map[string]string, error) {
	set := map[string]string{}
	for _, text := range texts {
		key, value, _ := strings.Cut(text, "=")
		if key == "" {
			return nil, fmt.Errorf("invalid label: %q", text)
		}
		set[key] = value
	}
	return set, nil
}

func noNewPrivileges(options []string) (on bool, err error) {
	for _, o := range options {
		switch o {
		case "no-new-privileges", "no-new-privileges:true", "no-new-privileges=true":
			on = true
		case "no-new-privileges:false", "no-new-privileges=false":
			on = false
		case "seccomp=unconfined", "apparmor=unconfined", "label=disable": // as it is
		default:
			return false, container.Hint(fmt.Errorf("invalid --security-opt: %q", o), "this version of tutor knows no-new-privileges")
		}
	}
	return on, nil
}

func checkNetwork(name string) error {
	if name == "none" || name == "host" {
		return nil
	}
	return container.Hint(fmt.Errorf("network %s not found", name), "this version of tutor has the networks none and host")
}

// checkName allows what Docker allows: at least two characters, letters and digits first.
func checkName(name string) error {
	if name == "" || (len(name) <= 128 && regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`).MatchString(name)) {
		return nil
	}
	return container.Hint(fmt.Errorf("Invalid container name (%.40q), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed", name),
		"two to 128 letters, digits, dots, dashes and underscores: --name web-1")
}
