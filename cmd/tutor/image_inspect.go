//go:build linux

package main

import (
	"context"
	"path/filepath"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/spf13/cobra"

	"tutor/runtime/image"
)

// An imageDetails is what `image inspect` prints, with Docker's names in Docker's order.
type imageDetails struct {
	ID            string `json:"Id"`
	RepoTags      []string
	RepoDigests   []string
	Parent        string // Docker's classic builder filled it; nobody does any more
	Comment       string
	Created       string
	DockerVersion string
	Author        string
	Config        v1.Config
	Architecture  string
	Variant       string `json:",omitempty"`
	Os            string
	Size          int64 // bytes of all layers unpacked
	GraphDriver   graphDriver
	RootFS        rootFS
	Manifest      string // ours: its digest in the store, where skopeo finds it too
}

// A graphDriver says where the layers lie unpacked, once a container has run.
type graphDriver struct {
	Data struct {
		LowerDir string `json:",omitempty"`
		UpperDir string `json:",omitempty"`
	}
	Name string
}

type rootFS struct {
	Type   string
	Layers []string `json:",omitempty"` // diff IDs, lowest first
}

func newImageInspect(c *cli) *cobra.Command {
	return c.inspecting(&cobra.Command{
		Use:               "inspect [OPTIONS] IMAGE [IMAGE...]",
		Short:             "Display detailed information on one or more images",
		Example:           "  tutor image inspect python\n  tutor image inspect -f '{{.Config.Cmd}}' python\n  tutor image inspect -f '{{json .RootFS.Layers}}' python",
		ValidArgsFunction: c.completeImages,
	}, c.inspectImage)
}

func (c *cli) inspectImage(_ context.Context, name string) (any, error) {
	img, err := c.findImage(name)
	if err != nil {
		return nil, err
	}
	store, err := c.Store()
	if err != nil {
		return nil, err
	}
	if img, err = store.Whole(img); err != nil {
		return nil, err
	}
	config := img.Config
	d := imageDetails{
		ID: img.ID, RepoTags: []string{}, RepoDigests: append([]string{}, img.Digests...),
		Created: utc(img.Created), DockerVersion: config.DockerVersion, Author: config.Author, Config: config.Config,
		Architecture: config.Architecture, Variant: config.Variant, Os: config.OS, Size: img.Size,
		RootFS: rootFS{Type: config.RootFS.Type}, Manifest: img.Manifest,
	}
	for _, name := range img.Names {
		if ref, err := image.Parse(name); err == nil && ref.Tag != "" {
			d.RepoTags = append(d.RepoTags, name)
		}
	}
	if steps := config.History; len(steps) > 0 {
		d.Comment = steps[len(steps)-1].Comment
	}
	for _, l := range img.Layers {
		d.RootFS.Layers = append(d.RootFS.Layers, l.DiffID)
	}
	d.GraphDriver.Name = "overlay"
	if dirs := c.home().LayerDirs(img); len(dirs) > 0 {
		d.GraphDriver.Data.UpperDir = dirs[0]
		d.GraphDriver.Data.LowerDir = strings.Join(dirs[1:], string(filepath.ListSeparator))
	}
	return d, nil
}
