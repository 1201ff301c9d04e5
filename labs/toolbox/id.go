package toolbox

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// id prints who the process is. In a user namespace these are the numbers inside; ps outside shows others.
func id(t *tool) error {
	o, err := parse("ugGnr", t.args)
	if err != nil {
		return err
	}
	users, groups := users(), groups()
	uid, gid, all := os.Geteuid(), os.Getegid(), ownGroups()
	if len(o.rest) > 0 {
		var ok bool
		if uid, ok = users.id(o.rest[0]); !ok {
			return fmt.Errorf("%s: no such user", o.rest[0])
		}
		gid, all = groupsOf(users.of(uid), users, groups)
	}
	show := func(id int, n names) string {
		if o.has("n") {
			return n.of(id)
		}
		return fmt.Sprint(id)
	}
	switch {
	case o.has("u"):
		t.println(show(uid, users))
	case o.has("g"):
		t.println(show(gid, groups))
	case o.has("G"):
		var words []string
		for _, g := range all {
			words = append(words, show(g, groups))
		}
		t.println(strings.Join(words, " "))
	default:
		var words []string
		for _, g := range all {
			words = append(words, groups.both(g))
		}
		t.printf("uid=%s gid=%s groups=%s\n", users.both(uid), groups.both(gid), strings.Join(words, ","))
	}
	return nil
}

// both is "0(root)", or "4711" for a number without a name.
func (n names) both(id int) string {
	if name, ok := n.byID[id]; ok {
		return fmt.Sprintf("%d(%s)", id, name)
	}
	return fmt.Sprint(id)
}

// ownGroups lists the process's groups, its own first, as the kernel has them.
func ownGroups() []int {
	all := []int{os.Getegid()}
	more, _ := os.Getgroups()
	for _, g := range more {
		if !slices.Contains(all, g) {
			all = append(all, g)
		}
	}
	return all
}

// groupsOf lists the groups that the files give to a user.
func groupsOf(user string, users, groups names) (int, []int) {
	gid := users.group[user]
	all := []int{gid}
	var more []int
	for name, members := range groups.members {
		if g := groups.byName[name]; g != gid && slices.Contains(members, user) {
			more = append(more, g)
		}
	}
	slices.Sort(more)
	return gid, append(all, more...)
}

func whoami(t *tool) error {
	uid := os.Geteuid()
	name, ok := users().byID[uid]
	if !ok {
		return fmt.Errorf("unknown uid %d", uid)
	}
	t.println(name)
	return nil
}
