package container

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	imagestore "tutor/runtime/image"
)

// shares tells if the container uses the host's namespace of that type.
func (o Options) shares(kind specs.LinuxNamespaceType) bool {
	return slices.Contains(o.Shared, kind) || kind == specs.NetworkNamespace && o.Network == "host"
}

// OwnSysctl tells if a kernel parameter belongs to a namespace that the container has for itself. Any other is the
// host's: kernel.core_pattern names a program that the host would run as root (CVE-2022-0811).
func OwnSysctl(key string, o *Options) bool {
	if strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") != "" || slices.Contains(strings.Split(key, "."), "") {
		return false // no path, and no second one
	}
	if strings.HasPrefix(key, "net.") {
		return o.ownNetwork()
	}
	ipc := []string{"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"}
	return (slices.Contains(ipc, key) || strings.HasPrefix(key, "fs.mqueue.")) && !o.shares(specs.IPCNamespace)
}

// sysctls are the usual ones of a network of its own, and --sysctl.
func (o Options) sysctls(ipv6 bool) map[string]string {
	set := map[string]string{}
	if o.ownNetwork() {
		maps.Copy(set, sysctls(ipv6))
	}
	maps.Copy(set, o.Sysctls)
	return set
}

// usualMounts are Docker's, with --shm-size.
func (o Options) usualMounts() []specs.Mount {
	mounts := slices.Clone(defaultMounts)
	for i, m := range mounts {
		if m.Destination == "/dev/shm" && o.ShmSize > 0 {
			mounts[i].Options = []string{"nosuid", "noexec", "nodev", "mode=1777", fmt.Sprintf("size=%d", o.ShmSize)}
		}
	}
	return mounts
}

// exposed are the image's ports, and those of --expose and -p. An image may have written anything there: what is no port is left out.
func (o Options) exposed(image v1.Config) map[string]struct{} {
	var all map[string]struct{}
	words := append(slices.Collect(maps.Keys(image.ExposedPorts)), o.Expose...)
	for _, p := range o.Ports {
		words = append(words, fmt.Sprintf("%d/%s", p.Container, p.Protocol))
	}
	for _, word := range words {
		ports, err := imagestore.Exposed(word)
		for _, port := range ports {
			if all == nil {
				all = map[string]struct{}{}
			}
			if err == nil && !strings.HasPrefix(port, "0/") {
				all[port] = struct{}{}
			}
		}
	}
	return all
}

// with is a user who is in more groups, those of --group-add.
func (read Users) with(name string, groups []string) (user specs.User, home string, err error) {
	user, home, err = read.Lookup(name)
	if err != nil {
		return user, home, err
	}
	more, err := read.groups(groups)
	user.AdditionalGids = append(user.AdditionalGids, more...)
	return user, home, err
}

// groups finds --group-add, in the image as all groups.
func (read Users) groups(names []string) (gids []uint32, err error) {
	if len(names) == 0 {
		return nil, nil
	}
	groups, err := read.entries("etc/group", 4)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		gid, isNumber := number(name)
		if line := find(groups, name, gid, isNumber); line != nil {
			if gid, err = id(line[2]); err != nil {
				return nil, fmt.Errorf("the image's /etc/group: group %s: %w", name, err)
			}
		} else if !isNumber {
			return nil, Hint(fmt.Errorf("unable to find group %s: no matching entries in group file", name), "use a number, or a name from the image's /etc/group")
		}
		gids = append(gids, gid)
	}
	return gids, nil
}

// VolumesOf are the directories of the host and the volumes that another container has, for --volumes-from.
func (h Home) VolumesOf(name string) (binds []specs.Mount, volumes []VolumeUse, err error) {
	s, err := h.Find(name)
	if err != nil {
		return nil, nil, err
	}
	r, err := h.recipe(s.ID)
	if err != nil {
		return nil, nil, err
	}
	for _, m := range r.Options.Mounts {
		if m.Type == "bind" {
			binds = append(binds, m)
		}
	}
	for _, v := range s.Volumes {
		v.Anonymous = false // it is the other's, and goes with that
		volumes = append(volumes, v)
	}
	return binds, volumes, nil
}
