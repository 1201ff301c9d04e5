package container

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// A place is a file of the container's directory, and where in it something stands: the names of the objects on the
// way.
type place struct {
	file string
	way  []string
}

// resourcePlaces: the next start is made from the first; by the second the container runs, or ran last.
var resourcePlaces = []place{
	{"create.json", []string{"options", "Resources"}},
	{"config.json", []string{"linux", "resources"}},
}

// resources are the container's limits as its next start would have them.
func (h Home) resources(id string) (r specs.LinuxResources, err error) {
	err = h.kept(id, resourcePlaces, &r)
	return r, err
}

// kept reads the first of the places that there is; without a value there, into stays as it is.
func (h Home) kept(id string, places []place, into any) error {
	for _, p := range places {
		content, err := os.ReadFile(filepath.Join(h.Dir(id), p.file))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, name := range p.way {
			var object map[string]json.RawMessage
			if err := json.Unmarshal(content, &object); err != nil {
				return fmt.Errorf("%s: %w", p.file, err)
			}
			if content = object[name]; len(content) == 0 {
				return nil
			}
		}
		return json.Unmarshal(content, into)
	}
	return nil
}

// keepResources writes the limits to where they are looked for. What else is in the files stays, known here or not.
func (h Home) keepResources(id string, r specs.LinuxResources) error {
	limits, err := json.Marshal(r)
	if err != nil {
		return err
	}
	for _, p := range resourcePlaces {
		path := filepath.Join(h.Dir(id), p.file)
		content, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		changed, err := replaced(content, p.way, limits)
		if err != nil {
			return fmt.Errorf("%s: %w", p.file, err)
		}
		if err := writeJSON(path, changed); err != nil {
			return err
		}
	}
	return nil
}

// replaced is the document with another value at the end of the way.
func replaced(document json.RawMessage, way []string, value json.RawMessage) (json.RawMessage, error) {
	if len(way) == 0 {
		return value, nil
	}
	object := map[string]json.RawMessage{}
	if len(document) > 0 {
		if err := json.Unmarshal(document, &object); err != nil {
			return nil, err
		}
	}
	inner, err := replaced(object[way[0]], way[1:], value)
	if err != nil {
		return nil, err
	}
	object[way[0]] = inner
	return json.Marshal(object)
}

// together is the old limits, where the new ones say nothing else.
func together(old, r specs.LinuxResources) specs.LinuxResources {
	if r.Memory != nil {
		old.Memory = r.Memory // both limits: see settled
	}
	if r.Pids != nil {
		old.Pids = r.Pids
	}
	if r.CPU == nil {
		return old
	}
	cpu := specs.LinuxCPU{}
	if old.CPU != nil {
		cpu = *old.CPU
	}
	if r.CPU.Quota != nil {
		cpu.Quota, cpu.Period = r.CPU.Quota, r.CPU.Period
	}
	if r.CPU.Shares != nil {
		cpu.Shares = r.CPU.Shares
	}
	if r.CPU.Cpus != "" {
		cpu.Cpus = r.CPU.Cpus
	}
	old.CPU = &cpu
	return old
}
