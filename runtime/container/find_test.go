package container

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	idA = "aaaa11112222333344445555666677778888999900001111222233334444aaaa"
	idB = "aaaa22222222333344445555666677778888999900001111222233334444bbbb"
	idC = "cccc33332222333344445555666677778888999900001111222233334444cccc"
)

func homeOf(t *testing.T, states ...State) Home {
	t.Helper()
	h := Home{Root: t.TempDir(), Run: t.TempDir()}
	for _, s := range states {
		require.NoError(t, os.MkdirAll(h.Dir(s.ID), 0o700))
		content, err := json.Marshal(s)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(h.Dir(s.ID), "state.json"), content, 0o600))
	}
	return h
}

func TestFindKnowsIDsNamesAndBeginningsInDockersOrder(t *testing.T) {
	h := homeOf(t, State{ID: idA, Name: "web"}, State{ID: idB, Name: "cccc"}, State{ID: idC, Name: idA})
	for typed, want := range map[string]string{
		idA: idA, "web": idA, "/web": idA, "aaaa1": idA, "aaaa2222": idB,
		"cccc":  idB, // a name first, then the beginning of an ID
		"cccc3": idC,
	} {
		s, err := h.Find(typed)
		require.NoError(t, err, typed)
		require.Equal(t, want, s.ID, typed)
	}
	_, err := h.Find("aaaa")
	require.EqualError(t, err, "multiple IDs found with provided prefix: aaaa")
}

func TestFindTakesNothingForAPath(t *testing.T) {
	h := homeOf(t, State{ID: idA, Name: "web"}, State{ID: idC})
	for _, typed := range []string{"", "/", "//", "../" + filepath.Base(h.Root), "../containers/" + idA, ".", "..", "web/", "web\n", "\nweb", "web\x00", "we",
		"*", strings.Repeat("a", 300), strings.ToUpper(idA), " web", idA + "0", "//web"} {
		_, err := h.Find(typed)
		require.EqualError(t, err, "No such container: "+typed)
	}
	_, err := Home{Root: t.TempDir()}.Find("web")
	require.EqualError(t, err, "No such container: web", "a home that was never used")
}
