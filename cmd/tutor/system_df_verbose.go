//go:build linux

package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"tutor/runtime/container"
	"tutor/runtime/image"
)

// dfDetails is what `system df -v` shows: a table each, in one JSON document with --format json.
type dfDetails struct {
	Images     []dfImage
	Containers []dfContainer
	Volumes    []dfVolume
}

// The rows of those tables, with the names that Docker's templates use.
type (
	dfImage     struct{ Repository, Tag, ID, CreatedSince, Size, SharedSize, UniqueSize, Containers string }
	dfContainer struct{ ID, Image, Command, LocalVolumes, Size, RunningFor, Status, Names string }
	dfVolume    struct{ Name, Links, Size string }
)

// The columns and headings of those tables.
const (
	dfImageColumns = `{{.Repository}}\t{{.Tag}}\t{{.ID}}\t{{.CreatedSince}}\t{{.Size}}\t{{.SharedSize}}\t{{.UniqueSize}}\t{{.Containers}}`
	dfContColumns  = `{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.LocalVolumes}}\t{{.Size}}\t{{.RunningFor}}\t{{.Status}}\t{{.Names}}`
	dfVolColumns   = `{{.Name}}\t{{.Links}}\t{{.Size}}`
)

var (
	dfImageHeadings = dfImage{"REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE", "SHARED SIZE", "UNIQUE SIZE", "CONTAINERS"}
	dfContHeadings  = dfContainer{"CONTAINER ID", "IMAGE", "COMMAND", "LOCAL VOLUMES", "SIZE", "CREATED", "STATUS", "NAMES"}
	dfVolHeadings   = dfVolume{"VOLUME NAME", "LINKS", "SIZE"}
)

func detailsOf(d container.Disk, now time.Time) dfDetails {
	details := dfDetails{Images: []dfImage{}, Containers: []dfContainer{}, Volumes: []dfVolume{}}
	for _, one := range d.Images {
		for _, name := range (imagesView{}).rows([]image.Image{one.Image}, now) {
			details.Images = append(details.Images, dfImage{Repository: name.Repository, Tag: name.Tag, ID: name.ID, CreatedSince: name.CreatedSince,
				Size: onDisk(one.Size), SharedSize: onDisk(one.Shared), UniqueSize: onDisk(one.Size - one.Shared), Containers: fmt.Sprint(one.Containers)})
		}
	}
	for _, ctr := range d.Containers {
		s := ctr.Status
		details.Containers = append(details.Containers, dfContainer{ID: shorter(s.ID, false), Image: s.Image,
			Command:      strconv.Quote(ellipsis(strings.Map(printable, strings.Join(s.Command, " ")), 20)),
			LocalVolumes: fmt.Sprint(ctr.Volumes), Size: onDisk(ctr.Size), RunningFor: since(now, s.Created), Status: statusWords(s, now), Names: s.Name})
	}
	for _, volume := range d.Volumes {
		details.Volumes = append(details.Volumes, dfVolume{volume.Name, fmt.Sprint(volume.Links), onDisk(volume.Size)})
	}
	return details
}

// details prints the tables, or the template of all of them.
func (v dfView) details(out io.Writer, d dfDetails) error {
	if v.format == "json" {
		return printJSON(out, []dfDetails{d})
	}
	if v.format != "" && v.format != "table" {
		return printTemplate(out, v.format, []dfDetails{d})
	}
	fmt.Fprint(out, "Images space usage:\n\n")
	if err := printTable(out, dfImageColumns, dfImageHeadings, d.Images); err != nil {
		return err
	}
	fmt.Fprint(out, "\nContainers space usage:\n\n")
	if err := printTable(out, dfContColumns, dfContHeadings, d.Containers); err != nil {
		return err
	}
	fmt.Fprint(out, "\nLocal Volumes space usage:\n\n")
	return printTable(out, dfVolColumns, dfVolHeadings, d.Volumes)
}
