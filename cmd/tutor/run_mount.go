//go:build linux

package main

import (
	"encoding/csv"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tutor/runtime/container"
	"tutor/runtime/volumes"
)

// mountWords are what one --mount says: type=volume,src=NAME,dst=/path[,readonly], and the same of bind and tmpfs.
type mountWords struct {
	kind, source, target string
	readonly             bool
	nocopy               bool
	labels               []string
	driver               string
	options              []string // of the volume's driver
	memory               []string // tmpfs options
	mixed                string   // a key that only one type takes
}

const mountForms = "the forms are type=bind,source=/on/the/host,target=/inside[,readonly], type=volume,source=NAME,target=/inside and type=tmpfs,target=/inside"

// mount reads --mount, whose words are separated as in a CSV file.
func mount(text string) (place, error) {
	wrong := func(err error) error {
		said := fmt.Errorf("invalid argument %q for \"--mount\" flag: %w", text, err)
		if hintFor(err) != "" { // it has its own
			return said
		}
		return container.Hint(said, mountForms)
	}
	fields, err := csv.NewReader(strings.NewReader(text)).Read()
	if err != nil {
		return place{}, wrong(err)
	}
	m := mountWords{kind: "volume"}
	for _, field := range fields {
		if err := m.field(field); err != nil {
			return place{}, wrong(err)
		}
	}
	if m.target == "" {
		return place{}, wrong(fmt.Errorf("target is required"))
	}
	if kind, _, _ := strings.Cut(m.mixed, "-"); kind != "" && kind != m.kind {
		return place{}, wrong(fmt.Errorf("cannot mix '%s-*' options with mount type '%s'", kind, m.kind))
	}
	return m.place()
}

// field reads one KEY=VALUE. What can only be on or off needs no value.
func (m *mountWords) field(field string) (err error) {
	key, value, valued := strings.Cut(field, "=")
	key = strings.ToLower(key)
	if strings.HasPrefix(key, "volume-") || strings.HasPrefix(key, "tmpfs-") {
		m.mixed = key
	}
	if key == "bind-propagation" && (value == "private" || value == "rprivate") { // as it is
		return nil
	}
	if known := refusedOf(refusedByMount, key); len(known) > 0 {
		return known[0].error(field)
	}
	switch key {
	case "readonly", "ro":
		m.readonly, err = onOff(key, value, valued)
		return err
	case "volume-nocopy":
		m.nocopy, err = onOff(key, value, valued)
		return err
	}
	if !valued {
		return fmt.Errorf("invalid field '%s' must be a key=value pair", field)
	}
	switch key {
	case "type":
		m.kind = strings.ToLower(value)
	case "src", "source":
		m.source, err = onTheHost(value)
	case "dst", "destination", "target":
		m.target = value
	case "volume-label":
		m.labels = append(m.labels, value)
	case "volume-driver":
		m.driver = value
	case "volume-opt":
		m.options = append(m.options, value)
	case "consistency": // between a virtual machine and its host, which is not Linux's concern
	case "tmpfs-size":
		var n int64
		n, err = ramBytes("tmpfs-size", value)
		m.memory = append(m.memory, fmt.Sprintf("size=%d", n))
	case "tmpfs-mode":
		m.memory = append(m.memory, "mode="+value)
	default:
		return fmt.Errorf("unexpected key '%s' in '%s'", key, field)
	}
	return err
}

func onOff(key, value string, valued bool) (bool, error) {
	if !valued {
		return true, nil
	}
	on, err := strconv.ParseBool(value)
	if err != nil {
		return false, fmt.Errorf("invalid value for %s: %s", key, value)
	}
	return on, nil
}

// place judges the words together.
func (m mountWords) place() (place, error) {
	invalid := func(problem string) error {
		return fmt.Errorf("invalid mount config for type %q: %s", m.kind, problem)
	}
	switch m.kind {
	case "volume":
		return m.volume()
	case "bind":
		if m.source == "" {
			return place{}, invalid("field Source must not be empty")
		}
		if !filepath.IsAbs(m.source) {
			return place{}, invalid("invalid mount path: '" + m.source + "' mount path must be absolute")
		}
		return place{target: m.target, mount: bind(filepath.Clean(m.source), m.readonly)}, nil
	case "tmpfs":
		if m.source != "" {
			return place{}, invalid("field Source must not be specified")
		}
		mount := &specs.Mount{Type: "tmpfs", Source: "tmpfs", Options: append([]string{"nosuid", "nodev", "noexec"}, m.memory...)}
		if m.readonly {
			mount.Options = append(mount.Options, "ro")
		}
		return place{target: m.target, mount: mount}, nil
	}
	return place{}, container.Hint(invalid("mount type unknown"), "type=volume, type=bind or type=tmpfs")
}

func (m mountWords) volume() (place, error) {
	v := &container.VolumeUse{Name: m.source, RW: !m.readonly, NoCopy: m.nocopy}
	if m.driver != "" && m.driver != localDriver {
		return place{}, noDriver(m.source, m.driver)
	}
	err := noOptions(m.source, m.options)
	if err != nil {
		return place{}, err
	}
	if v.Labels, err = labels(m.labels); err != nil {
		return place{}, err
	}
	if v.Name != "" {
		err = volumes.CheckName(v.Name)
	}
	return place{target: m.target, volume: v}, err
}
