//go:build linux

package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
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

// newInspect is `inspect`, or with a kind that of a group, which looks for nothing else.
func newInspect(c *cli, kind string) *cobra.Command {
	var format string
	var size bool
	command := &cobra.Command{
		Use:               "inspect [OPTIONS] NAME|ID [NAME|ID...]",
		Short:             "Return low-level information on containers and images",
		Example:           "  tutor inspect web\n  tutor inspect -f '{{.State.Pid}}' web\n  tutor inspect --type image python",
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: c.completeContainers,
		RunE: func(_ *cobra.Command, args []string) error {
			found := []any{}
			var failed []error
			for _, name := range args {
				details, err := c.inspect(name, kind)
				if err != nil {
					failed = append(failed, err)
					continue
				}
				found = append(found, details)
			}
			return errors.Join(append([]error{printDetails(c.Out, format, found)}, failed...)...)
		},
	}
	command.Flags().StringVarP(&format, "format", "f", "", "a Go template, or json")
	if kind == "" {
		command.Flags().StringVar(&kind, "type", "", "container or image")
	}
	command.Flags().BoolVarP(&size, "size", "s", false, "Display total file sizes if the type is container")
	command.Flags().MarkHidden("size")
	return command
}

// inspect looks for a container first, and for an image then.
func (c *cli) inspect(name, kind string) (any, error) {
	if kind != "" && kind != "container" && kind != "image" {
		return nil, container.Hint(fmt.Errorf("%q is not a valid value for --type", kind), "container or image")
	}
	if kind != "image" {
		details, err := c.inspectContainer(name)
		if !errors.Is(err, container.ErrNotFound) || kind == "container" {
			return details, err
		}
	}
	details, err := c.inspectImage(name)
	if err != nil && kind == "" {
		return nil, container.Hint(fmt.Errorf("No such object: %s", name), "tutor ps -a and tutor images show what there is")
	}
	return details, err
}

func (c *cli) inspectContainer(name string) (containerDetails, error) {
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
