package container

import (
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
)

func TestTheContainersConfigIsTheImagesAsTheFlagsChangeIt(t *testing.T) {
	image := v1.Config{User: "u", WorkingDir: "/i", Env: []string{"A=i", "B=i"}, Cmd: []string{"c"}, Entrypoint: []string{"e"}, Labels: map[string]string{"l": "i", "m": "i"},
		StopSignal: "SIGINT", OnBuild: []string{"RUN x"}, Shell: []string{"bash"}, Hostname: "h"}
	before := *image.DeepCopy()
	empty, sh := "", "sh"
	for name, c := range map[string]struct {
		options Options
		want    v1.Config
	}{
		"no flags": {Options{}, v1.Config{User: "u", WorkingDir: "/i", Env: []string{"A=i", "B=i"}, Cmd: []string{"c"}, Entrypoint: []string{"e"}, Labels: map[string]string{"l": "i", "m": "i"}, StopSignal: "SIGINT"}},
		"all flags": {Options{User: "7", Workdir: "/w", Env: []string{"C=o", "B=o"}, Command: []string{"x", "y"}, Labels: map[string]string{"l": "o"}, Hostname: "o"},
			v1.Config{User: "7", WorkingDir: "/w", Env: []string{"C=o", "B=o", "A=i"}, Cmd: []string{"x", "y"}, Entrypoint: []string{"e"}, Labels: map[string]string{"l": "o", "m": "i"}, StopSignal: "SIGINT"}},
		"another entrypoint drops CMD": {Options{Entrypoint: &sh}, v1.Config{User: "u", WorkingDir: "/i", Env: []string{"A=i", "B=i"}, Entrypoint: []string{"sh"}, Labels: map[string]string{"l": "i", "m": "i"}, StopSignal: "SIGINT"}},
		"no entrypoint":                {Options{Entrypoint: &empty, Command: []string{"x"}}, v1.Config{User: "u", WorkingDir: "/i", Env: []string{"A=i", "B=i"}, Cmd: []string{"x"}, Labels: map[string]string{"l": "i", "m": "i"}, StopSignal: "SIGINT"}},
	} {
		require.Equal(t, c.want, c.options.Config(image), name)
		require.Equal(t, before, image, "the image's config was changed")
	}
}
