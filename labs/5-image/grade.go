// Package image is the contract of lab 5-image.
package image

import "tutor/labs/contract"

// Promises are what `tutor grade 5-image` asks of box. How each is looked at is in labs/grader/lab5.go, by the same ID.
var Promises = []contract.Promise{
	{ID: "lab5.root", Title: "COMMAND's root comes out of the image", Points: 3, Man: "tar(1)", Read: "By hand",
		Hints: []string{"index.json, then a manifest, then its layers: each is a blob named by its digest", "gzip, tar, in the order of the manifest", ""}},
	{ID: "lab5.cmd", Title: "without COMMAND the image says what to run: Entrypoint and Cmd", Points: 2, Needs: []string{"lab5.root"}, Man: "execve(2)", Read: "Run it",
		Hints: []string{"the config is a blob, too: manifest.config", "Entrypoint, followed by Cmd", ""}},
	{ID: "lab5.entrypoint", Title: "COMMAND takes the place of Cmd, and not of Entrypoint", Points: 1, Needs: []string{"lab5.root"}, Man: "execve(2)", Read: "Run it",
		Hints: []string{"Entrypoint is always there, Cmd is a default", "", ""}},
	{ID: "lab5.env", Title: "COMMAND's environment is the image's", Points: 1, Needs: []string{"lab5.root"}, Man: "environ(7)", Read: "Run it",
		Hints: []string{"config.Env is a list of NAME=VALUE", "", ""}},
	{ID: "lab5.workdir", Title: "COMMAND starts in WorkingDir", Points: 1, Needs: []string{"lab5.root"}, Man: "chdir(2)", Read: "Break it",
		Hints: []string{"chdir after the pivot: the directory is the image's", "it is made if it is missing", ""}},
	{ID: "lab5.user", Title: "COMMAND runs as User", Points: 2, Needs: []string{"lab5.root"}, Man: "setuid(2)", Read: "Break it",
		Hints: []string{"uid:gid, in numbers here", "first the groups, then the group, then the user: afterwards there is no right to", "setgroups, setgid, setuid, last of all before execve"}},
	{ID: "lab5.platform", Title: "of several platforms, this machine's", Points: 2, Needs: []string{"lab5.root"}, Man: "uname(2)", Read: "By hand",
		Hints: []string{"a tag may name an index: one manifest for each platform", "compare platform.os and platform.architecture", "runtime.GOARCH is named as in images; uname -m is not"}},
	{ID: "lab5.tag", Title: "of several images, the one of the tag", Points: 1, Needs: []string{"lab5.root"}, Man: "tar(1)", Read: "By hand",
		Hints: []string{"the annotation org.opencontainers.image.ref.name", "", ""}},
	{ID: "lab5.whiteout", Title: "whiteouts delete what lower layers have", Points: 2, Needs: []string{"lab5.root"}, Man: "tar(1)", Read: "By hand",
		Hints: []string{"a tar cannot say that a file is gone; a file .wh.NAME says it", ".wh..wh..opq means: all that the directory had", "no .wh. file may be seen inside"}},
	{ID: "lab5.digest", Title: "a blob that is not what its name says is refused", Points: 3, Needs: []string{"lab5.root"}, Man: "sha256sum(1)", Read: "Run it",
		Hints: []string{"the digest is the only thing that ties a layer to the manifest", "compute sha256 of what you have read, and compare, before you use it", ""}},
	{ID: "lab5.dotdot", Title: "../ in a layer leads nowhere outside", Points: 2, Needs: []string{"lab5.root"}, Man: "openat2(2)", Read: "Real world",
		Hints: []string{"an image is a stranger's word, and box is root", "refuse a name that leaves the root", "os.Root, or openat2 with RESOLVE_BENEATH"}},
	{ID: "lab5.symlink", Title: "a symbolic link in a layer is not followed out", Points: 2, Needs: []string{"lab5.root"}, Man: "openat2(2)", Read: "Real world",
		Hints: []string{"the first entry makes a link to /, the second writes through it", "a clean name is not enough: every directory on the way may be a link", "os.Root, or openat2 with RESOLVE_IN_ROOT"}},
	{ID: "lab5.left", Title: "nothing stays: no mount, no process, no group", Points: 1, Needs: []string{"lab5.root"}, Man: "mount_namespaces(7)",
		Hints: []string{"what is unpacked on a tmpfs in the child's mount namespace goes with it", "", ""}},
}
