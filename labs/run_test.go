package labs

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/container"
)

// Whoever stops a step sees how far it has come.
func TestWhatAStoppedCommandHasWrittenIsKept(t *testing.T) {
	dir := t.TempDir()
	room := &Room{Home: container.Home{Root: dir, Run: dir}, Dir: dir}
	step := Step{Commands: []Command{{Line: "echo one", Promised: []string{"one"}}, {Line: "echo two; touch begun; sleep 1000"}, {Line: "echo never"}}}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	go func() {
		for ctx.Err() == nil {
			if _, err := os.Stat(filepath.Join(dir, "begun")); err == nil {
				cancel()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	var came []Outcome
	require.ErrorIs(t, room.Run(ctx, step, nil, func(o Outcome) { came = append(came, o) }), ErrStopped)
	require.Len(t, came, 2)
	require.True(t, came[0].Kept())
	require.Equal(t, "two\n", came[1].Got)
	require.False(t, came[1].Kept())
	require.Equal(t, "$ echo one\none\n$ echo two; touch begun; sleep 1000\ntwo\n", page{Ink: NewInk(false), width: 80}.outcomes(came))
}
