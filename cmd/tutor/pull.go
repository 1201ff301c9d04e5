package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/sys/unix"

	"tutor/runtime/image"
)

func newPull(c *cli) *cobra.Command {
	var quiet bool
	var platform string
	command := &cobra.Command{
		Use:   "pull [OPTIONS] NAME[:TAG|@DIGEST]",
		Short: "Download an image from a registry",
		Long: "pull downloads an image: its manifest, its config and every layer that is not here yet. Mirrors in\n" +
			"/etc/tutor/config.json and TUTOR_REGISTRY_MIRRORS are asked before Docker Hub.",
		Example: "  tutor pull python\n  tutor pull --platform linux/arm64 alpine:3.20\n  tutor pull localhost:5000/my/app\n" +
			"  TUTOR_REGISTRY_MIRRORS=http://10.0.0.5:5000 tutor pull nginx",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref, err := image.Parse(args[0])
			if err != nil {
				return err
			}
			if _, err := c.pull(cmd.Context(), ref, quiet, platform); err != nil {
				return err
			}
			fmt.Fprintln(c.Out, ref)
			return nil
		},
	}
	command.Flags().BoolVarP(&quiet, "quiet", "q", false, "print only the image's full name")
	command.Flags().StringVar(&platform, "platform", "", "pull for another platform: OS/ARCHITECTURE[/VARIANT]")
	return command
}

// pull downloads an image and prints to c.Out what docker prints, all but the last line: that is pull's alone.
func (c *cli) pull(ctx context.Context, ref image.Reference, quiet bool, platform string) (image.Image, error) {
	store, err := c.Store()
	if err != nil {
		return image.Image{}, err
	}
	config, err := c.ImageConfig()
	if err != nil {
		return image.Image{}, err
	}
	if quiet {
		img, _, err := store.Pull(ctx, ref, image.PullOptions{Config: config, Platform: platform})
		return img, err
	}
	if ref.Implied {
		fmt.Fprintln(c.Out, "Using default tag: latest")
	}
	show, done := plainProgress(c.Out), func() {}
	if isTerminal(c.Out) {
		show, done = barProgress(c.Out)
	}
	img, pulled, err := store.Pull(ctx, ref, image.PullOptions{Config: config, Platform: platform, Progress: show})
	done()
	if err != nil {
		return image.Image{}, err
	}
	fmt.Fprintf(c.Out, "Digest: %s\n%s\n", pulled.Digest, pulled.Status(ref))
	return img, nil
}

// isTerminal tells if somebody sees lines being redrawn.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// plainProgress prints a line for each change, for logs and pipes: bytes that come in are no change.
func plainProgress(out io.Writer) func(image.Progress) {
	return func(p image.Progress) {
		if p.Status != "Downloading" {
			fmt.Fprintf(out, "%s: %s\n", p.ID, p.Status)
		}
	}
}

// A bar is one layer's line on a terminal.
type bar struct {
	*mpb.Bar
	mutex sync.Mutex
	last  image.Progress
}

func (b *bar) progress() image.Progress {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.last
}

// barProgress redraws a line for each layer, with a bar while it downloads. done leaves the lines as they are.
func barProgress(out io.Writer) (show func(image.Progress), done func()) {
	screen := mpb.New(mpb.WithOutput(out), mpb.WithWidth(50))
	bars := map[string]*bar{}
	show = func(p image.Progress) {
		if p.Total == 0 && bars[p.ID] == nil && p.Status != "Already exists" { // "latest: Pulling from library/python"
			fmt.Fprintf(out, "%s: %s\n", p.ID, p.Status)
			return
		}
		b := bars[p.ID]
		if b == nil {
			b = &bar{last: p}
			b.Bar = screen.New(max(p.Total, 1), filler(b), mpb.PrependDecorators(decor.Any(b.text)))
			bars[p.ID] = b
		}
		b.mutex.Lock()
		b.last = p
		b.mutex.Unlock()
		if p.Status == "Downloading" {
			b.SetCurrent(min(p.Done, p.Total-1)) // the last byte does not end the line: the check comes after it
		}
		if p.Status == "Pull complete" || p.Status == "Already exists" {
			b.SetTotal(-1, true)
		}
	}
	return show, func() {
		for _, b := range bars {
			b.Abort(false)
		}
		screen.Wait()
	}
}

// text is what stands left of the bar: "5f899db30843: Downloading 3.1MB/54MB".
func (b *bar) text(decor.Statistics) string {
	p := b.progress()
	if p.Status != "Downloading" {
		return p.ID + ": " + p.Status
	}
	size := func(n int64) string { return units.HumanSizeWithPrecision(float64(n), 4) }
	return fmt.Sprintf("%s: Downloading %s/%s", p.ID, size(p.Done), size(p.Total))
}

// filler draws the bar itself, and nothing before and after the download.
func filler(b *bar) mpb.BarFillerBuilder {
	return fillerBuilder(func() mpb.BarFiller {
		drawn := mpb.BarStyle().Lbound(" [").Filler("=").Tip(">").Padding(" ").Rbound("]").Build()
		return mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
			if b.progress().Status != "Downloading" {
				return nil
			}
			return drawn.Fill(w, s)
		})
	})
}

type fillerBuilder func() mpb.BarFiller

func (f fillerBuilder) Build() mpb.BarFiller { return f() }
