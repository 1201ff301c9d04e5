package toolbox

import (
	"bufio"
	"os"
	"strconv"
	"strings"
)

// names is a table of /etc/passwd or /etc/group: the container's own. A number has no other meaning than what
// this file of this root filesystem says; the same UID has another name next door.
type names struct {
	byID    map[int]string
	byName  map[string]int
	group   map[string]int      // passwd only: a user's own group
	members map[string][]string // group only
}

func users() names  { return readNames("/etc/passwd") }
func groups() names { return readNames("/etc/group") }

// readNames is silent about a missing file: an image made from scratch has none, and numbers do as well.
func readNames(path string) names {
	n := names{map[int]string{}, map[string]int{}, map[string]int{}, map[string][]string{}}
	f, err := os.Open(path)
	if err != nil {
		return n
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		field := strings.Split(lines.Text(), ":")
		if len(field) < 4 {
			continue
		}
		id, err := strconv.Atoi(field[2])
		if err != nil {
			continue
		}
		if _, taken := n.byID[id]; !taken {
			n.byID[id] = field[0]
		}
		n.byName[field[0]] = id
		n.group[field[0]], _ = strconv.Atoi(field[3])
		n.members[field[0]] = strings.Split(field[3], ",")
	}
	return n
}

// of is the name of a number, or the number itself.
func (n names) of(id int) string {
	if name, ok := n.byID[id]; ok {
		return name
	}
	return strconv.Itoa(id)
}

// id is the number of a name; a number stands for itself.
func (n names) id(name string) (int, bool) {
	if id, ok := n.byName[name]; ok {
		return id, true
	}
	id, err := strconv.Atoi(name)
	return id, err == nil && id >= 0
}
