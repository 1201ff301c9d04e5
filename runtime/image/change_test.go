package image

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/stretchr/testify/require"
)

// changeable is the config of the container that Docker was asked about.
func changeable() v1.Config {
	return v1.Config{User: "5", WorkingDir: "/w", StopSignal: "SIGINT",
		Env: []string{"B=2", "A=1"}, Cmd: []string{"-c", "true"}, Entrypoint: []string{"/bin/sh"},
		ExposedPorts: map[string]struct{}{"70/tcp": {}, "80/tcp": {}}, Volumes: map[string]struct{}{"/vol": {}},
		Labels: map[string]string{"x": "y", "z": "1"}}
}

// change is one instruction by itself.
func change(c *v1.Config, instruction string) error { return Changes(c, []string{instruction}) }

// testdata/changes.txt is what Docker 20.10 made of each instruction: "> " before its lines, then the fields of
// the config that are new, or "! " and the error.
func TestChangeDoesWhatDockerDoes(t *testing.T) {
	data, err := os.ReadFile("testdata/changes.txt")
	require.NoError(t, err)
	for record := range strings.SplitSeq(string(data), "\n\n") {
		var lines []string
		want := ""
		for line := range strings.SplitSeq(strings.TrimSuffix(record, "\n"), "\n") {
			if text, is := strings.CutPrefix(line, "> "); is {
				lines = append(lines, text)
				continue
			}
			want = line
		}
		text := strings.Join(lines, "\n")
		t.Run(text, func(t *testing.T) {
			c := changeable()
			err := change(&c, text)
			if err != nil {
				require.Equal(t, want, "! "+err.Error())
				require.Equal(t, changeable(), c, "an error must change nothing")
				return
			}
			require.Equal(t, want, news(t, changeable(), c))
		})
	}
}

// What newer Dockers do, and 20.10 does not.
func TestChangeKnowsNewerInstructions(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"STOPSIGNAL SIGTERM", `StopSignal "SIGTERM"`},
		{"STOPSIGNAL term", `StopSignal "term"`},
		{"STOPSIGNAL 9", `StopSignal "9"`},
		{"STOPSIGNAL $B", `StopSignal "2"`},
		{"STOPSIGNAL SIGRTMIN+3", `StopSignal "SIGRTMIN+3"`},
		{"STOPSIGNAL RTMAX", `StopSignal "RTMAX"`},
		{"STOPSIGNAL RTMIN+99", "! invalid signal: RTMIN+99"},
		{"STOPSIGNAL RTMIN-3", "! invalid signal: RTMIN-3"},
		{"STOPSIGNAL 0", "! invalid signal: 0"},
		{"STOPSIGNAL foo", "! invalid signal: foo"},
		{"STOPSIGNAL", "! STOPSIGNAL requires exactly one argument"},
		{"HEALTHCHECK --interval=0s --retries=0 CMD ls", `Healthcheck {"Test":["CMD-SHELL","ls"]}`},
		{"HEALTHCHECK --retries=-1 CMD ls", "! --retries cannot be negative (-1)"},
		{"ENV A=${B-x} C=${NO-x} D=${NO+x}", `Env ["B=2","A=2","C=x","D="]`},
		{"ENV A=${NO?told}", `! failed to process "${NO?told}": NO: told`},
		{"ENV A=${NO:?}", `! failed to process "${NO:?}": NO: is not allowed to be unset`},
		{"ENV A=${B#2}", `! failed to process "${B#2}": unsupported modifier (#) in substitution`},
		{"CMD []", "Cmd null"},
		{"ENTRYPOINT []", "Cmd null; Entrypoint null"}, // in a commit the container's come back
		{"ENTRYPOINT", "Cmd null; Entrypoint null"},
		{"ENV A=${B", `! failed to process "${B": syntax error: missing '}'`},
		{"ENV A=${B:-x", `! failed to process "${B:-x": syntax error: missing '}'`},
	} {
		config := changeable()
		got := ""
		if err := change(&config, c.text); err != nil {
			got = "! " + err.Error()
		} else {
			got = news(t, changeable(), config)
		}
		require.Equal(t, c.want, got, c.text)
	}
}

func TestChangesKeepACommandThatWasSetBefore(t *testing.T) {
	c := changeable()
	require.NoError(t, Changes(&c, []string{"CMD c", `ENTRYPOINT ["e"]`}))
	require.Equal(t, []string{"/bin/sh", "-c", "c"}, c.Cmd)
	require.NoError(t, Changes(&c, nil))
	require.EqualError(t, Changes(&c, []string{""}), "file with no instructions")
	require.NoError(t, change(&c, `ENTRYPOINT ["f"]`))
	require.Empty(t, c.Cmd, "the parent's CMD was for the parent's ENTRYPOINT")
}

// news are the fields in which b differs from a.
func news(t *testing.T, a, b v1.Config) string {
	fields := func(c v1.Config) map[string]json.RawMessage {
		data, err := json.Marshal(c)
		require.NoError(t, err)
		var m map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(data, &m))
		return m
	}
	before, after := fields(a), fields(b)
	var found []string
	for name, value := range after {
		if string(before[name]) != string(value) {
			found = append(found, name+" "+string(value))
		}
	}
	for name := range before {
		if _, kept := after[name]; !kept {
			found = append(found, name+" null")
		}
	}
	if len(found) == 0 {
		return "no change"
	}
	slices.Sort(found)
	return strings.Join(found, "; ")
}

func FuzzChange(f *testing.F) {
	data, err := os.ReadFile("testdata/changes.txt")
	require.NoError(f, err)
	for line := range strings.SplitSeq(string(data), "\n") {
		if text, is := strings.CutPrefix(line, "> "); is {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		c := changeable()
		if err := change(&c, text); err != nil {
			require.Equal(t, changeable(), c, "an error must change nothing")
			return
		}
		_, err := json.Marshal(c)
		require.NoError(t, err)
		for port := range c.ExposedPorts {
			var number int
			var protocol string
			_, err := fmt.Sscanf(port, "%d/%s", &number, &protocol)
			require.NoError(t, err, port)
			require.LessOrEqual(t, number, 65535)
		}
		for _, e := range c.Env {
			require.False(t, strings.HasPrefix(e, "=") && !strings.Contains(text, "$") && !strings.ContainsAny(text, `'"\`), "a variable without a name: %q", e)
		}
	})
}
