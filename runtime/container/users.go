package container

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Users reads a file as the image has it: "etc/passwd", "etc/group". The files are a stranger's: whoever
// supplies the function sees to it that it follows no link out, waits on no FIFO, and ends.
type Users func(path string) ([]byte, error)

// Lookup finds the user that "name|uid[:group|gid]" means, with the groups that the image gives it, and its
// home. A number needs no entry; an unknown name is an error, never root by accident (CVE-2016-3697).
func (read Users) Lookup(name string) (user specs.User, home string, err error) {
	passwd, err := read.entries("etc/passwd", 7)
	if err != nil {
		return user, "", err
	}
	groups, err := read.entries("etc/group", 4)
	if err != nil {
		return user, "", err
	}
	who, group, hasGroup := strings.Cut(name, ":")
	if name == "" {
		who = "0"
	}
	uid, isNumber := number(who)
	entry := find(passwd, who, uid, isNumber)
	if entry == nil && !isNumber {
		return user, "", Hint(fmt.Errorf("unable to find user %s: no matching entries in passwd file", who), "use a number, or a name from the image's /etc/passwd")
	}
	user.UID, home = uid, "/"
	if entry != nil {
		if user.UID, err = id(entry[2]); err != nil {
			return user, "", fmt.Errorf("the image's /etc/passwd: user %s: %w", who, err)
		}
		if user.GID, err = id(entry[3]); err != nil {
			return user, "", fmt.Errorf("the image's /etc/passwd: user %s: %w", who, err)
		}
		home = cmp.Or(entry[5], "/")
	}
	if user.UID == 0 && entry == nil {
		home = "/root"
	}
	if !hasGroup {
		user.AdditionalGids = supplementary(groups, entry, user.GID)
		return user, home, nil
	}
	gid, isNumber := number(group)
	line := find(groups, group, gid, isNumber)
	if line == nil && !isNumber {
		return user, "", Hint(fmt.Errorf("unable to find group %s: no matching entries in group file", group), "use a number, or a name from the image's /etc/group")
	}
	if line != nil {
		if gid, err = id(line[2]); err != nil {
			return user, "", fmt.Errorf("the image's /etc/group: group %s: %w", group, err)
		}
	}
	user.GID = gid
	return user, home, nil
}

// entries are a file's lines of at least n fields. A missing file has none. One without a name is nobody's: an
// empty field would else be a member of every group without members. They are cut from the content one at a
// time: ten megabytes of colons, all kept apart, would be hundreds.
func (read Users) entries(path string, n int) (iter.Seq[[]string], error) {
	content, err := read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the image's /%s: %w", path, err)
	}
	return func(yield func([]string) bool) {
		for line := range bytes.SplitSeq(content, []byte("\n")) {
			fields := strings.SplitN(string(bytes.TrimSpace(line)), ":", n+1)
			if len(fields) >= n && fields[0] != "" && !yield(fields) {
				return
			}
		}
	}, nil
}

// find takes a number as a number, never as a name: an image may call root "1000" (CVE-2016-3697 was that).
func find(entries iter.Seq[[]string], name string, number uint32, isNumber bool) []string {
	for e := range entries {
		if !isNumber && e[0] == name {
			return e
		}
		if n, err := id(e[2]); isNumber && err == nil && n == number {
			return e
		}
	}
	return nil
}

// supplementary are the groups that name the user as a member, and its own.
func supplementary(groups iter.Seq[[]string], entry []string, own uint32) []uint32 {
	if entry == nil {
		return nil
	}
	var gids []uint32
	for g := range groups {
		gid, err := id(g[2])
		if err != nil || gid == own {
			continue
		}
		for member := range strings.SplitSeq(g[3], ",") {
			if member == entry[0] {
				gids = append(gids, gid)
				break
			}
		}
	}
	return gids
}

// number tells if s is an ID: decimal digits and nothing else, at most 2147483647.
func number(s string) (uint32, bool) {
	n, err := id(s)
	return n, err == nil
}

func id(s string) (uint32, error) {
	if s == "" || strings.Trim(s, "0123456789") != "" {
		return 0, fmt.Errorf("%q is no user or group ID", s)
	}
	n, err := strconv.ParseUint(s, 10, 31)
	if err != nil {
		return 0, fmt.Errorf("ID %s is out of range: 0 to 2147483647", s)
	}
	return uint32(n), nil
}
