//go:build linux

package main

import (
	"fmt"
	"io"
	"math"
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

// bars are the lines of all layers on one terminal.
type bars struct {
	out    io.Writer
	screen *mpb.Progress
	room   int // lines that can be redrawn: what has scrolled out of sight cannot
	byID   map[string]*bar
	unseen []image.Progress // of the layers for which there is no room: told when all is done
}

// barProgress redraws a line for each layer, with a bar while it downloads. done leaves the lines as they are.
func barProgress(out io.Writer) (show func(image.Progress), done func()) {
	b := &bars{out: out, screen: mpb.New(mpb.WithOutput(out), mpb.WithWidth(50)), room: math.MaxInt, byID: map[string]*bar{}}
	if size, err := unix.IoctlGetWinsize(int(out.(*os.File).Fd()), unix.TIOCGWINSZ); err == nil && size.Row > 0 {
		b.room = int(size.Row) - 2 // mpb fills no screen to its last line without scrolling
	}
	return b.show, b.done
}

func (b *bars) show(p image.Progress) {
	if strings.HasPrefix(p.Status, "Pulling from ") { // of the tag, before any layer
		fmt.Fprintf(b.out, "%s: %s\n", p.ID, p.Status)
		return
	}
	line := b.byID[p.ID]
	if line == nil && len(b.byID) >= b.room {
		b.unseen = append(slices.DeleteFunc(b.unseen, func(q image.Progress) bool { return q.ID == p.ID }), p)
		return
	}
	if line == nil {
		line = &bar{last: p}
		line.Bar = b.screen.New(0, filler(line), mpb.PrependDecorators(decor.Any(line.text)), mpb.AppendDecorators(decor.Any(line.bytes)))
		b.byID[p.ID] = line
	}
	line.show(p)
}

func (b *bars) done() {
	for _, line := range b.byID {
		line.Abort(false)
	}
	b.screen.Wait()
	for _, p := range b.unseen {
		fmt.Fprintf(b.out, "%s: %s\n", p.ID, p.Status)
	}
}

// A bar is one layer's line.
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

func (b *bar) show(p image.Progress) {
	b.mutex.Lock()
	b.last = p
	b.mutex.Unlock()
	if slices.Contains(moving, p.Status) {
		b.SetTotal(max(p.Total, 1), false)   // the total comes with the bytes
		b.SetCurrent(min(p.Done, p.Total-1)) // the last byte does not end the line: the check comes after it
	}
	if slices.Contains(final, p.Status) {
		b.SetTotal(-1, true)
	}
}

// text is what stands left of the bar: "5f899db30843: Downloading".
func (b *bar) text(decor.Statistics) string {
	p := b.progress()
	return p.ID + ": " + p.Status
}

// bytes is what stands right of it, while bytes are counted: "3.1MB/54MB".
func (b *bar) bytes(decor.Statistics) string {
	p := b.progress()
	if !slices.Contains(moving, p.Status) {
		return ""
	}
	size := func(n int64) string { return units.HumanSizeWithPrecision(float64(n), 4) }
	return fmt.Sprintf(" %s/%s", size(p.Done), size(p.Total))
}

// filler draws the bar itself, and nothing while no bytes are counted.
func filler(b *bar) mpb.BarFillerBuilder {
	return fillerBuilder(func() mpb.BarFiller {
		drawn := mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]").Build()
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
