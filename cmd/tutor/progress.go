//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/docker/go-units"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/sys/unix"

	"tutor/runtime/image"
)

// progress is how long work is shown to out: bars on a terminal, else lines. done leaves them as they are.
func progress(out io.Writer) (show func(image.Progress), done func()) {
	if isTerminal(out) {
		return barProgress(out)
	}
	return plainProgress(out), func() {}
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

// moving are the states in which bytes are counted, and final those in which a line is done.
var (
	moving = []string{"Downloading", "Loading", "Pushing"}
	final  = []string{"Already exists", "Layer already exists", "Pull complete", "Pushed"}
)

// plainProgress prints a line for each change, for logs and pipes: bytes that come in are no change.
func plainProgress(out io.Writer) func(image.Progress) {
	return func(p image.Progress) {
		if !slices.Contains(moving, p.Status) {
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
		if strings.HasPrefix(p.Status, "Pulling from ") { // of the tag, before any layer
			fmt.Fprintf(out, "%s: %s\n", p.ID, p.Status)
			return
		}
		b := bars[p.ID]
		if b == nil {
			b = &bar{last: p}
			b.Bar = screen.New(0, filler(b), mpb.PrependDecorators(decor.Any(b.text))) // the total comes with the bytes
			bars[p.ID] = b
		}
		b.mutex.Lock()
		b.last = p
		b.mutex.Unlock()
		if slices.Contains(moving, p.Status) {
			b.SetTotal(max(p.Total, 1), false)
			b.SetCurrent(min(p.Done, p.Total-1)) // the last byte does not end the line: the check comes after it
		}
		if slices.Contains(final, p.Status) {
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
	if !slices.Contains(moving, p.Status) {
		return p.ID + ": " + p.Status
	}
	size := func(n int64) string { return units.HumanSizeWithPrecision(float64(n), 4) }
	return fmt.Sprintf("%s: %s %s/%s", p.ID, p.Status, size(p.Done), size(p.Total))
}

// filler draws the bar itself, and nothing while no bytes are counted.
func filler(b *bar) mpb.BarFillerBuilder {
	return fillerBuilder(func() mpb.BarFiller {
		drawn := mpb.BarStyle().Lbound(" [").Filler("=").Tip(">").Padding(" ").Rbound("]").Build()
		return mpb.BarFillerFunc(func(w io.Writer, s decor.Statistics) error {
			if !slices.Contains(moving, b.progress().Status) {
				return nil
			}
			return drawn.Fill(w, s)
		})
	})
}

type fillerBuilder func() mpb.BarFiller

func (f fillerBuilder) Build() mpb.BarFiller { return f() }
