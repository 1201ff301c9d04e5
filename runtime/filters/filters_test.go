package filters

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhatNobodyWouldAnswerToIsRefused(t *testing.T) {
	keys := []string{"all", "dangling", "exited", "label", "label!", "reference", "status", "type", "until"}
	for bad, message := range map[string]string{
		"":                 `bad format of filter "" (expected name=value)`,
		"dangling":         `bad format of filter "dangling" (expected name=value)`,
		"color=red":        "invalid filter 'color'",
		"labels!=x":        "invalid filter 'labels!'",
		"all=2":            "invalid filter 'all=[2]'",
		"dangling=perhaps": "invalid filter 'dangling=[perhaps]'",
		"exited=well":      "invalid filter 'exited=[well]'",
		"reference=[":      "invalid filter 'reference=[[]'",
		"status=tired":     "invalid filter 'status=[tired]'",
		"type=mine":        "invalid filter 'type=[mine]'",
		"until=soon":       "invalid filter 'until=[soon]'",
	} {
		_, err := Parse([]string{bad}, keys...)
		require.EqualError(t, err, message)
		require.NotEmpty(t, err.(wrong).Hint())
	}
}

func TestOfOneKeyAnyValueOfSeveralKeysEach(t *testing.T) {
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	labels := map[string]string{"week": "1", "lazy": ""}
	for word, fits := range map[string]bool{
		"label=week":       true,
		"label=week=1":     true,
		"label=week=2":     false,
		"label!=week":      false,
		"label!=week=2":    true,
		" LABEL =lazy":     true,
		"until=2026-01-31": true, // made the evening before
		"until=13h":        true,
		"until=14h":        false,
		"dangling=true":    true,
		"dangling=0":       false,
	} {
		f, err := Parse([]string{word}, "dangling", "label", "label!", "until")
		require.NoError(t, err)
		got := f.Labels(labels) && f.Until(now.Add(-13*time.Hour-time.Minute), now) && f.Is("dangling", true)
		require.Equal(t, fits, got, word)
	}
	f, err := Parse([]string{"label=week", "label=nosuch", "name=a", "name=b"}, "label", "name")
	require.NoError(t, err)
	require.False(t, f.Labels(labels), "each label must be there")
	require.True(t, f.Fit("name", func(v string) bool { return v == "b" }))
	require.True(t, f.Fit("id", func(string) bool { return false }), "not asked for")
}
