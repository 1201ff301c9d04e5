package container

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Config is the image's config as the command line has changed it: what Docker calls the container's config, and
// what `commit` begins with. What the start adds for this one container, such as HOSTNAME, is not in it; nor are
// the image's ONBUILD and SHELL, which are for builds.
func (o Options) Config(image v1.Config) v1.Config {
	c := v1.Config{
		Cmd:          image.Cmd,
		Entrypoint:   image.Entrypoint,
		User:         cmp.Or(o.User, image.User),
		WorkingDir:   cmp.Or(o.Workdir, image.WorkingDir),
		Env:          slices.Clone(o.Env),
		Labels:       maps.Clone(image.Labels),
		ExposedPorts: o.exposed(image),
		Volumes:      o.configVolumes(image),
		StopSignal:   cmp.Or(o.StopSignal, image.StopSignal),
		Healthcheck:  image.Healthcheck,
	}
	if o.Entrypoint != nil {
		c.Entrypoint, c.Cmd = nil, nil
		if *o.Entrypoint != "" {
			c.Entrypoint = []string{*o.Entrypoint}
		}
	}
	if len(o.Command) > 0 {
		c.Cmd = o.Command
	}
	for _, e := range image.Env { // after the caller's own, as in Docker
		name, _, _ := strings.Cut(e, "=")
		if !slices.ContainsFunc(o.Env, func(own string) bool { return strings.HasPrefix(own, name+"=") }) {
			c.Env = append(c.Env, e)
		}
	}
	if len(o.Labels) > 0 && c.Labels == nil {
		c.Labels = map[string]string{}
	}
	maps.Copy(c.Labels, o.Labels)
	return c
}
