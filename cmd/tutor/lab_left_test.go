package main_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// nothingOfALab stays: no process that carries its mark, no mount, no group, no directory.
func nothingOfALab(t *testing.T) {
	t.Helper()
	left := leftovers(t)
	defer func() { t.Log("left:", left) }()
	eventually(t, "nothing to be left", func() bool {
		now := leftovers(t)
		left = slices.DeleteFunc(left, func(path string) bool { return ofOthers(path) || !slices.Contains(now, path) })
		return len(left) == 0
	})
	require.NoDirExists(t, filepath.Join(home, "root", "labs"))
	require.NoDirExists(t, filepath.Join(home, "run", "labs"))
	require.Empty(t, ofALab(t))
	require.Empty(t, madeByHand(t))
}

// madeByHand is what keysLesson makes outside its room, by a shell that is no more.
func madeByHand(t *testing.T) []string {
	t.Helper()
	links, err := filepath.Glob("/sys/class/net/lab0-*")
	require.NoError(t, err)
	spaces, err := filepath.Glob("/run/netns/lab0-*")
	require.NoError(t, err)
	all := append(append(links, spaces...), regexp.MustCompile(`lab0-\w+`).FindAllString(tables(t), -1)...)
	return slices.DeleteFunc(all, func(name string) bool {
		_, pid, _ := strings.Cut(name, "lab0-")
		_, err := os.Stat("/proc/" + strings.TrimRight(pid, "n"))
		return err == nil
	})
}

// bridgeOf is the interface of the network that keysLesson makes, while the lab is in that step.
func bridgeOf(t *testing.T) string {
	t.Helper()
	lab := filepath.Join(home, "root", "labs", "0-own")
	var network struct{ ID string }
	require.NoError(t, json.Unmarshal([]byte(read(filepath.Join(lab, "networks"), "wires.json")), &network))
	bridge := "/sys/class/net/br-" + network.ID[:12]
	require.FileExists(t, bridge)
	return bridge
}

// ofOthers tells if something is of another tutor's on this machine: a bridge, the grader's, or a group in which somebody lives who
// was not started from this home.
func ofOthers(path string) bool {
	if strings.HasPrefix(path, "/sys/class/net/") || strings.Contains(path, "/tutor-grade-") {
		return true
	}
	for _, pid := range strings.Fields(read(path, "cgroup.procs")) {
		_, status, _ := strings.Cut(read("/proc/"+pid, "status"), "\nPPid:\t")
		parent, _, _ := strings.Cut(status, "\n")
		if environ := read("/proc/"+parent, "environ"); environ != "" && !strings.Contains(environ, home) {
			return true
		}
	}
	return false
}

// ofALab are the processes that a lab of this home has started.
func ofALab(t *testing.T) []string {
	t.Helper()
	dirs, err := filepath.Glob("/proc/[0-9]*")
	require.NoError(t, err)
	var found []string
	for _, dir := range dirs {
		environ, _ := os.ReadFile(dir + "/environ")
		if strings.Contains(string(environ), "TUTOR_LAB_ROOM="+filepath.Join(home, "root")) {
			command, _ := os.ReadFile(dir + "/cmdline")
			found = append(found, string(command))
		}
	}
	return found
}
