package container

import (
	"os"
	"path/filepath"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"tutor/runtime/layers"
	"tutor/runtime/network"
	"tutor/runtime/privileges"
	"tutor/runtime/process"
	"tutor/runtime/sys"
	"tutor/runtime/terminal"
)

// prepare writes what the Program's paths point to, and begins to listen.
func (c *Container) prepare() error {
	if err := c.keepSpec(); err != nil || c.Options.bare() {
		return err
	}
	if c.missing != nil {
		return c.missing
	}
	for _, f := range c.files() {
		name := filepath.Join(c.home.Dir(c.State.ID), f.name)
		if err := os.WriteFile(name, []byte(f.content), 0o644); err != nil {
			return err
		}
		if err := os.Chmod(name, 0o644); err != nil { // whatever the caller's umask is
			return err
		}
	}
	if err := c.makeVolumes(); err != nil {
		return err
	}
	return c.serve()
}

// rootLike gives the directory in which a container writes the owner and mode of the topmost layer's root: in the
// overlay it is the container's "/".
func rootLike(upper, layer string) error {
	var stat unix.Stat_t
	if err := unix.Stat(layer, &stat); err != nil {
		return err
	}
	if err := unix.Chown(upper, int(stat.Uid), int(stat.Gid)); err != nil {
		return err
	}
	return unix.Chmod(upper, stat.Mode&0o7777)
}

// keepSpec writes config.json, which exec goes by, before the container can fill the disk.
func (c *Container) keepSpec() error {
	return writeJSON(filepath.Join(c.home.Dir(c.State.ID), "config.json"), c.Plan.Spec)
}

// plan gathers what the Program depends on beside the spec.
func (c *Container) plan(spec *specs.Spec, image Image) (Plan, error) {
	o, id := c.Options, c.State.ID
	layout := HostLayout()
	p := Plan{
		Spec:        spec,
		Group:       cgroupsGroup(layout, id, o),
		Terminal:    terminal.NewPair(o.Terminal, terminal.SizeOf(os.Stdout)),
		Interactive: o.Interactive,
		Pipes:       process.NewPipes(),
		Wire:        network.NewWire(&sys.Result{Name: "pid"}),
		UDP:         &sys.Result{Name: "udp"},
		TCP:         &sys.Result{Name: "tcp"},
		Shared:      sharedRoot(),
		Lab:         o.Lab,
		Without:     o.Without,
		Root: layers.Root{
			Base:   filepath.Join(c.home.Root, "layers"),
			Upper:  filepath.Join("..", "containers", id, "upper"),
			Work:   filepath.Join("..", "containers", id, "work"),
			Target: filepath.Join("..", "containers", id, "rootfs"),
		},
	}
	var err error
	if p.Filter, err = privileges.Filter(spec.Linux.Seccomp); err != nil {
		return p, badProfile(err)
	}
	p.Wire.LeftOut = o.unplugged()
	for _, dir := range image.Layers {
		p.Root.Layers = append(p.Root.Layers, filepath.Base(dir))
	}
	if err := c.binds(&p, image); err != nil {
		return p, err
	}
	return p, nil
}
