package guest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPathsBelowTheCheckoutAreTheMachines(t *testing.T) {
	mac := Guest{Checkout: "/Users/ann/my tutor", Dir: "/Users/ann/my tutor/labs"}
	for typed, want := range map[string]string{
		"/Users/ann/my tutor":                              "/vagrant",
		"/Users/ann/my tutor/":                             "/vagrant/",
		"/Users/ann/my tutor/labs/box":                     "/vagrant/labs/box",
		"/Users/ann/my tutor/site:/srv:ro":                 "/vagrant/site:/srv:ro",
		"-v/Users/ann/my tutor/site:/srv":                  "-v/vagrant/site:/srv",
		"--output=/Users/ann/my tutor/out.xml":             "--output=/vagrant/out.xml",
		"type=bind,source=/Users/ann/my tutor/a,target=/b": "type=bind,source=/vagrant/a,target=/b",
		"web:/Users/ann/my tutor/a":                        "web:/vagrant/a",
		"/Users/ann/my tutor2/box":                         "/Users/ann/my tutor2/box",
		"/Users/ann":                                       "/Users/ann",
		"/tmp/Users/ann/my tutor/x":                        "/tmp/Users/ann/my tutor/x",
		"/srv":                                             "/srv",
		"./box":                                            "./box",
		`.\box`:                                            `.\box`,
		"":                                                 "",
	} {
		require.Equal(t, want, mac.inside(typed), "%s", typed)
	}
}

func TestWindowsPaths(t *testing.T) {
	pc := Guest{Checkout: `C:\Users\Ann\tutor`, Dir: `C:\Users\Ann\tutor`, Windows: true}
	for typed, want := range map[string]string{
		`C:\Users\Ann\tutor\labs\box`:                     "/vagrant/labs/box",
		`c:\users\ann\TUTOR\labs`:                         "/vagrant/labs",
		`C:/Users/Ann/tutor/labs/box`:                     "/vagrant/labs/box",
		`/cygdrive/c/Users/Ann/tutor/labs`:                "/vagrant/labs",
		`/c/Users/Ann/tutor/labs`:                         "/vagrant/labs",
		`/mnt/c/Users/Ann/tutor/labs`:                     "/vagrant/labs",
		`C:\Users\Ann\tutor\site:/srv:ro`:                 "/vagrant/site:/srv:ro",
		`--output=C:\Users\Ann\tutor\out.xml`:             "--output=/vagrant/out.xml",
		`type=bind,source=C:\Users\Ann\tutor\a,target=/b`: "type=bind,source=/vagrant/a,target=/b",
		`.\labs\box`:            "./labs/box",
		`..\tutor\site:/srv`:    "../tutor/site:/srv",
		`C:\Users\Ann\tutor2\x`: `C:\Users\Ann\tutor2\x`,
		`D:\elsewhere\x`:        `D:\elsewhere\x`,
		`s/\d+/x/`:              `s/\d+/x/`,
		`/srv`:                  `/srv`,
		`echo a\nb`:             `echo a\nb`,
		`C:\Users\Ann\tutor\..\tutor\x and a space\y z.go`: "/vagrant/../tutor/x and a space/y z.go",
	} {
		require.Equal(t, want, pc.inside(typed), "%s", typed)
	}
}

func TestAWindowsPathThatIsThereNeedsNoDot(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "labs", "exercise"), 0o755))
	pc := Guest{Checkout: `C:\tutor`, Dir: dir, Windows: true}
	require.Equal(t, "labs/exercise", pc.inside(`labs\exercise`))
	require.Equal(t, `labs\missing`, pc.inside(`labs\missing`))
}

// On macOS /tmp is a link to /private/tmp, and both names are typed.
func TestBothNamesOfALinkedCheckout(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "real"), 0o755))
	require.NoError(t, os.Symlink("real", filepath.Join(dir, "link")))
	g := Guest{Checkout: filepath.Join(dir, "link")}
	require.Equal(t, "/vagrant/x", g.inside(filepath.Join(dir, "link", "x")))
	require.Equal(t, "/vagrant/x", g.inside(filepath.Join(dir, "real", "x")))
}

func FuzzInside(f *testing.F) {
	f.Add(`C:\Users\Ann\tutor\a:/srv`, true)
	f.Add("/Users/ann/tutor/a", false)
	f.Fuzz(func(t *testing.T, arg string, windows bool) {
		g := Guest{Checkout: "/Users/ann/tutor", Dir: "/"}
		if windows {
			g = Guest{Checkout: `C:\Users\Ann\tutor`, Dir: "/", Windows: true}
		}
		once := g.inside(arg)
		require.Equal(t, once, g.inside(once), "a path of the machine's is left alone")
	})
}
