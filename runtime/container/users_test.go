package container

import (
	"bytes"
	"io/fs"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

const passwd = `root:x:0:0:root:/root:/bin/sh
1000:x:0:0:root by the name of a number:/evil:/bin/sh
ann:x:1000:100:Ann:/home/ann:/bin/sh:and more
  bob:x:1001:1001::/home/bob:/bin/sh
::0:0:nobody at all:/:/bin/sh
large:x:4294967296:0::/:/bin/sh
minus:x:-1:0::/:/bin/sh
short:x:0
+::::::
`

const groupFile = `root:x:0:
1000:x:0:ann
users:x:100:
wheel:x:10:bob,ann
nobody:x:65534:annette,,xann
:x:0:
minus:x:-1:ann
huge:x:2147483648:ann
`

// files are what an image may hold; what is not named is not there.
func files(content map[string]string) Users {
	return func(path string) ([]byte, error) {
		if text, there := content[path]; there {
			return []byte(text), nil
		}
		return nil, fs.ErrNotExist
	}
}

func TestUsersAreWhoTheyAreOrNobody(t *testing.T) {
	type who struct {
		uid, gid uint32
		groups   []uint32
		home     string
	}
	read := files(map[string]string{"etc/passwd": passwd, "etc/group": groupFile})
	for name, want := range map[string]who{
		"":           {0, 0, nil, "/root"},
		"root":       {0, 0, nil, "/root"},
		"0":          {0, 0, nil, "/root"},
		"1000":       {1000, 100, []uint32{0, 10}, "/home/ann"},
		"ann":        {1000, 100, []uint32{0, 10}, "/home/ann"},
		"bob":        {1001, 1001, []uint32{10}, "/home/bob"},
		"ann:wheel":  {1000, 10, nil, "/home/ann"},
		"ann:1000":   {1000, 1000, nil, "/home/ann"},
		"7:8":        {7, 8, nil, "/"},
		"2147483647": {2147483647, 0, nil, "/"},
		"007":        {7, 0, nil, "/"},
	} {
		user, home, err := read.Lookup(name)
		require.NoError(t, err, name)
		require.Equal(t, want, who{user.UID, user.GID, user.AdditionalGids, home}, name)
	}
	for name, words := range map[string]string{
		"4294967296": "unable to find user", "2147483648": "unable to find user", "-1": "unable to find user",
		"0x0": "unable to find user", " 0": "unable to find user", "0 ": "unable to find user", "+0": "unable to find user",
		"1e3": "unable to find user", "٠": "unable to find user", ":": "unable to find user", ":1000": "unable to find user",
		"ann:": "unable to find group", "1000:": "unable to find group", "ann:users:x": "unable to find group",
		"ann:4294967296": "unable to find group", "ann:-1": "unable to find group", "root\n": "unable to find user",
		"large": "out of range", "minus": "no user or group ID", "short": "unable to find user", "+": "no user or group ID",
		"ann:minus": "no user or group ID", "ann:huge": "out of range",
	} {
		_, _, err := read.Lookup(name)
		require.ErrorContains(t, err, words, "%q", name)
	}
	none := files(nil)
	user, home, err := none.Lookup("12:34")
	require.NoError(t, err)
	require.Equal(t, []any{uint32(12), uint32(34), "/"}, []any{user.UID, user.GID, home})
	_, _, err = none.Lookup("root")
	require.ErrorContains(t, err, "unable to find user root: no matching entries in passwd file")
}

func TestAPasswdOfColonsTakesNoMemory(t *testing.T) {
	for _, line := range []string{":", "a:::::::\n", "\n"} {
		content := bytes.Repeat([]byte(line), passwdLimit/len(line))
		read := Users(func(string) ([]byte, error) { return content, nil })
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		_, _, err := read.Lookup("nobody")
		runtime.ReadMemStats(&after)
		require.ErrorContains(t, err, "unable to find user")
		require.Less(t, after.HeapSys-min(before.HeapSys, after.HeapSys), uint64(64<<20), "%q", line)
	}
}

// Whatever an image's files and its USER say: no panic, and root is only who is called root or 0, or whom the
// files call 0.
func FuzzLookup(f *testing.F) {
	for _, name := range []string{"", "root", "1000", "ann:wheel", ":1000", "1000:", "0x0", "large", "٠"} {
		f.Add(name, passwd, groupFile)
	}
	f.Add(" ", "::0:0:::", "::0:")
	f.Fuzz(func(t *testing.T, name, passwd, group string) {
		user, _, err := files(map[string]string{"etc/passwd": passwd, "etc/group": group}).Lookup(name)
		if err != nil {
			return
		}
		require.LessOrEqual(t, user.UID, uint32(1<<31-1))
		require.LessOrEqual(t, user.GID, uint32(1<<31-1))
		if user.UID == 0 && name != "" {
			_, _, err := files(nil).Lookup(name)
			require.True(t, err == nil || bytes.Contains([]byte(passwd), []byte(":0")) || bytes.Contains([]byte(passwd), []byte("00")), "%q is root", name)
		}
	})
}
