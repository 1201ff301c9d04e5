//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
	"tutor/runtime/image"
	"tutor/runtime/networks"
	"tutor/runtime/volumes"
)

// A containerDetails is what `inspect` prints of a container, with Docker's names in Docker's order.
type containerDetails struct {
	ID              string `json:"Id"`
	Created         string
	Path            string
	Args            []string
	State           stateDetails
	Image           string
	ResolvConfPath  string
	HostnamePath    string
	HostsPath       string
	LogPath         string
	Name            string
	RestartCount    int
	Driver          string
	Platform        string
	HostConfig      hostDetails
	GraphDriver     graphDriver
	SizeRw          *int64 `json:",omitempty"` // bytes that it has written
	SizeRootFs      *int64 `json:",omitempty"` // and those of its image with them
	Mounts          []mountDetails
	Config          configDetails
	NetworkSettings map[string]any
}

type stateDetails struct {
	Status     string
	Running    bool
	Paused     bool
	Restarting bool
	OOMKilled  bool
	Dead       bool
	Pid        int
	ExitCode   int
	Error      string
	StartedAt  string
	FinishedAt string
	MonitorPid int // ours: the process that looks after it
}

type mountDetails struct {
	Type        string
	Name        string `json:",omitempty"`
	Source      string
	Destination string
	Mode        string
	RW          bool
	Propagation string
}

type configDetails struct {
	Hostname     string
	User         string
	Tty          bool
	OpenStdin    bool
	Env          []string
	Cmd          []string
	Image        string
	Volumes      map[string]struct{}
	WorkingDir   string
	Entrypoint   []string
	Labels       map[string]string
	StopSignal   string              `json:",omitempty"`
	StopTimeout  *int                `json:",omitempty"`
	ExposedPorts map[string]struct{} `json:",omitempty"`
}

// A looker finds one thing by its name, and tells all of it.
type looker func(ctx context.Context, name string) (any, error)

// inspecting gives a command what every inspect does: it looks for each name, prints what it has found, and says what it has not.
func (c *cli) inspecting(command *cobra.Command, look looker) *cobra.Command {
	var format string
	command.Args = cobra.MinimumNArgs(1)
	command.RunE = func(cmd *cobra.Command, args []string) error {
		found, failed := []any{}, []error{nil}
		for _, name := range args {
			if details, err := look(cmd.Context(), name); err == nil {
				found = append(found, details)
			} else {
				failed = append(failed, err)
			}
		}
		failed[0] = printDetails(c.Out, format, found)
		return errors.Join(failed...)
	}
	command.Flags().StringVarP(&format, "format", "f", "", "a Go template, or json")
	return command
}

// newInspect is `inspect`, which looks for one kind of thing after another; `container inspect` looks for containers only.
func newInspect(c *cli, kind string) *cobra.Command {
	var size bool
	command := c.inspecting(&cobra.Command{
		Use:               "inspect [OPTIONS] NAME|ID [NAME|ID...]",
		Short:             "Return low-level information on containers, images, networks and volumes",
		Example:           "  tutor inspect web\n  tutor inspect -f '{{.State.Pid}}' web\n  tutor inspect --type image python",
		ValidArgsFunction: c.completeContainers,
	}, func(ctx context.Context, name string) (any, error) { return c.inspect(ctx, name, kind, size) })
	if kind == "" {
		command.Flags().StringVar(&kind, "type", "", "container, image, network or volume")
	} else {
		command.Short = "Display detailed information on one or more containers"
		command.Example = "  tutor container inspect web\n  tutor container inspect -s -f '{{.SizeRw}}' web"
	}
	command.Flags().BoolVarP(&size, "size", "s", false, "Display total file sizes if the type is container")
	return command
}

// inspect is Docker's order in which a name is looked for.
func (c *cli) inspect(ctx context.Context, name, kind string, size bool) (any, error) {
	known := false
	for _, k := range []struct {
		kind   string
		look   looker
		absent error // this kind has none of that name
	}{
		{"container", func(_ context.Context, name string) (any, error) { return c.inspectContainer(name, size) }, container.ErrNotFound},
		{"image", c.inspectImage, image.ErrNotFound},
		{"network", c.inspectNetwork, networks.ErrNotFound},
		{"volume", c.inspectVolume, volumes.ErrNotFound},
	} {
		if kind != "" && kind != k.kind {
			continue
		}
		known = true
		if details, err := k.look(ctx, name); kind != "" || !errors.Is(err, k.absent) {
			return details, err
		}
	}
	if !known {
		return nil, container.Hint(fmt.Errorf("%q is not a valid value for --type", kind), "container, image, network or volume")
	}
	return nil, container.Hint(fmt.Errorf("No such object: %s", name), "tutor ps -a, tutor images, tutor network ls and tutor volume ls show what there is")
}

func (c *cli) inspectContainer(name string, size bool) (containerDetails, error) {
	h := c.home()
	if err := h.Settle(); err != nil {
		return containerDetails{}, err
	}
	state, err := h.Find(name)
	if err != nil {
		return containerDetails{}, err
	}
	made, err := h.Open(state.ID)
	if err != nil {
		return containerDetails{}, err
	}
	s, o, dir := h.Status(state), made.Options, h.Dir(state.ID)
	d := containerDetails{
		ID: s.ID, Created: utc(s.Created), Path: s.Command[0], Args: append([]string{}, s.Command[1:]...), Image: s.ImageID, Name: "/" + s.Name,
		ResolvConfPath: filepath.Join(dir, "resolv.conf"), HostnamePath: filepath.Join(dir, "hostname"), HostsPath: filepath.Join(dir, "hosts"),
		LogPath: filepath.Join(dir, "log"), Driver: "overlay", Platform: "linux",
		State: stateDetails{Status: s.Word, Running: s.PID > 0, Paused: s.Word == "paused", OOMKilled: s.OOMKilled, Pid: s.PID, ExitCode: s.ExitCode,
			Error: s.Error, StartedAt: utc(s.Started), FinishedAt: utc(s.Finished), MonitorPid: s.Monitor},
		HostConfig:      hostConfig(o),
		Mounts:          mountsOf(h, s, o),
		Config:          configOf(s, made.Plan.Spec.Hostname),
		NetworkSettings: networkSettings(h, s),
	}
	d.GraphDriver.Name = "overlay"
	d.GraphDriver.Data.UpperDir = filepath.Join(dir, "upper")
	var lower []string
	for _, name := range s.Layers {
		lower = append(lower, filepath.Join(h.Root, "layers", name))
	}
	d.GraphDriver.Data.LowerDir = strings.Join(lower, ":")
	if size {
		own, all, err := c.sizes(s)
		if err != nil {
			return d, err
		}
		d.SizeRw, d.SizeRootFs = &own, &all
	}
	return d, nil
}

// utc is a time as Docker's inspect writes it, also in a template.
func utc(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// mountsOf are what a container has mounted beside its root.
func mountsOf(h container.Home, s container.Status, o container.Options) []mountDetails {
	all := []mountDetails{}
	for _, m := range o.Mounts {
		mode, rw := "", true
		for _, option := range m.Options {
			if option == "ro" {
				mode, rw = "ro", false
			}
		}
		propagation := ""
		if m.Type == "bind" {
			propagation = "rprivate"
		}
		all = append(all, mountDetails{Type: m.Type, Source: m.Source, Destination: m.Destination, Mode: mode, RW: rw, Propagation: propagation})
	}
	for _, v := range s.Volumes {
		mode := ""
		if !v.RW {
			mode = "ro"
		}
		all = append(all, mountDetails{Type: "volume", Name: v.Name, Source: h.Volumes().Data(v.Name), Destination: v.Destination, Mode: mode, RW: v.RW})
	}
	return all
}

func configOf(s container.Status, hostname string) configDetails {
	config := s.Config
	return configDetails{Hostname: hostname, User: config.User, Tty: s.Terminal, OpenStdin: s.Interactive, Env: config.Env, Cmd: config.Cmd, Image: s.Image,
		Volumes: config.Volumes, WorkingDir: config.WorkingDir, Entrypoint: config.Entrypoint, Labels: some(config.Labels), StopSignal: config.StopSignal,
		StopTimeout: s.StopTimeout, ExposedPorts: config.ExposedPorts}
}
