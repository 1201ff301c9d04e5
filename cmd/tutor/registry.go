//go:build linux

package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"tutor/runtime/image"
	"tutor/runtime/registry"
)

func newRegistry(c *cli) *cobra.Command {
	command := &cobra.Command{
		Use:   "registry COMMAND",
		Short: "Serve images to a classroom",
		Long: "registry makes this machine the registry of a classroom: thirty laptops behind one address then pull an\n" +
			"image from Docker Hub once.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	command.AddCommand(newRegistryServe(c), newRegistryPrune(c))
	for _, sub := range command.Commands() {
		sub.DisableFlagsInUseLine = true
	}
	return command
}

// A serving is what `registry serve` was told.
type serving struct {
	listen     string
	cache, all bool
}

func newRegistryServe(c *cli) *cobra.Command {
	var s serving
	command := &cobra.Command{
		Use:   "serve [OPTIONS]",
		Short: "Be a registry, until Ctrl-C",
		Long: `serve answers what docker, podman, skopeo and tutor ask of a registry to pull. It is read-only and knows no login:
whoever reaches its address may have what it serves.

It serves the images of the local store that come from Docker Hub or were made here under a name without a registry,
each as a mirror of Docker Hub is asked for it: python is library/python, tutor/lab is tutor/lab. Images of other
registries could be private, and are served only with --all: ghcr.io/owner/app is ghcr.io/owner/app. A registry with
a port cannot be part of such a name; its images are for containerd, which says the registry apart (ns=HOST:PORT).
Images without a name are not served. The store has one platform of each image.

With --cache, what is not here is fetched from Docker Hub, in the way of 'tutor pull' (registry-mirrors, credentials),
for every platform, once, and kept in TUTOR_ROOT/cache. Only names of Docker Hub are asked for elsewhere. A tag is
asked for again after a minute; when Docker Hub does not answer, what is here is served. Nothing is removed from the
cache until 'tutor registry prune'.`,
		Example: "  tutor registry serve                          to this machine, what is here\n" +
			"  tutor registry serve --cache --listen :5000   to the class, all of Docker Hub",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return c.serve(cmd.Context(), s) },
	}
	flags := command.Flags()
	flags.StringVar(&s.listen, "listen", "127.0.0.1:5000", "where to serve: [ADDRESS]:PORT")
	flags.BoolVar(&s.cache, "cache", false, "fetch from Docker Hub what is not here, and keep it")
	flags.BoolVar(&s.all, "all", false, "serve images of other registries too")
	return command
}

func newRegistryPrune(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:   "prune",
		Short: "Empty the cache of 'registry serve --cache'",
		Long:  "prune removes all that 'registry serve --cache' has kept. Images ('tutor images') are not touched.",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			freed, err := registry.Prune(c.cacheDir())
			if err != nil {
				return err
			}
			fmt.Fprintln(c.Out, "Total reclaimed space:", units.HumanSizeWithPrecision(float64(freed), 3))
			return nil
		},
	}
}

func (c *cli) cacheDir() string { return filepath.Join(c.home().Root, "cache") }

// serve is `registry serve`. The address comes first: a second server shall hear that it is taken, whatever else
// is wrong.
func (c *cli) serve(ctx context.Context, s serving) error {
	l, err := net.Listen("tcp", s.listen)
	if err != nil {
		return listenFailed(s.listen, err)
	}
	defer l.Close()
	store, err := c.Store()
	if err != nil {
		return err
	}
	journal := &registry.Journal{Out: c.Out}
	server := &registry.Server{Shelf: registry.Shelf{Store: store, All: s.all}, Journal: journal}
	if s.cache {
		config, err := c.ImageConfig()
		if err != nil {
			return err
		}
		server.Cache, err = registry.OpenCache(c.cacheDir(), config, journal)
		if err != nil {
			return err
		}
		defer server.Cache.Close()
	}
	if err := c.greet(ctx, l.Addr().(*net.TCPAddr), server); err != nil {
		return err
	}
	err = server.Serve(ctx, l)
	fmt.Fprintln(c.Out, "Ended.")
	return err
}

// listenFailed says why an address cannot be had, and what to do.
func listenFailed(address string, err error) error {
	failed := &image.Error{Op: "registry serve", Err: err,
		Msg:  fmt.Sprintf("cannot listen at %s: %v", address, errors.Unwrap(err)),
		Hint: "an address is [ADDRESS]:PORT, with an address of this machine: 127.0.0.1:5000, :5000"}
	_, port, _ := net.SplitHostPort(address)
	switch {
	case errors.Is(err, unix.EADDRINUSE):
		failed.Msg = fmt.Sprintf("port %s is taken: another program listens at %s", port, address)
		failed.Hint = fmt.Sprintf("'ss -ltnp sport = :%s' shows which; another port: --listen 127.0.0.1:5001", cmp.Or(port, "5000"))
	case errors.Is(err, unix.EACCES):
		failed.Hint = "ports below 1024 are root's: take another, or sudo"
	}
	return failed
}
