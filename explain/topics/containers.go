package topics

var containers = []Topic{
	{
		Name: "container",
		Also: []string{"box", "--name", "--rm", "--cidfile", "--detach", "--restart", "--health-cmd"},
		What: `A container is an ordinary process, with its children, to which the kernel shows a smaller machine: its own
			process numbers, files, network and name (namespaces), a share of memory and time that it cannot exceed
			(cgroups), and fewer powers (capabilities, seccomp). There is no container in the kernel's source. The word
			is ours, for that bundle of settings, put on one by one before the program starts.`,
		Why: `One program with all that it needs travels as one thing and cannot disturb its neighbours. Each part can be
			left out at a price, and tutor run --without NAME shows the price.`,
		Hand: []string{"unshare -muinpCf --mount-proc sh -c 'hostname box; hostname; ps'"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm --explain tutor/lab hostname", Look: "the two views at the end: one process, seen from outside and from inside", Want: "two views of the same process"},
		Read: []string{"namespaces(7)", "cgroups(7)"},
		Lab:  2,
		See:  []string{"process", "namespace", "cgroup", "image", "VM", "Program"},
	},
	{
		Name: "docker",
		Also: []string{"runc", "containerd", "podman", "crun", "dockerd", "conmon", "shim", "engine", "runtime"},
		What: `Programs that hand a container down to one another. docker is a command that asks the daemon dockerd; dockerd
			asks containerd, which supervises containers and in newer versions keeps the images; containerd has a small
			process, the shim, that stays with the container; and the shim calls runc, which makes the system calls and
			is gone once the command runs. podman has no daemon: it prepares everything itself, conmon stays with the
			container, and crun or runc makes the calls. tutor is all of them in one process, so that nothing is hidden
			in between.`,
		Why: `Whoever knows who does what knows where to look: an image that cannot be pulled is the engine's affair, an
			EPERM at the start is runc's and the kernel's.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; cd /mnt", "runc spec   # what runc wants beside a root file system", "grep -A 3 '\"args\"' config.json"},
		Safe: true,
		Try:  Try{Line: "tutor run --print-spec tutor/lab ps", Look: "the file that an engine hands to runc; tutor makes the same one for itself", Want: `"ociVersion"`},
		Read: []string{"runc(8)", "OCI runtime-spec, runtime.md"},
		Lab:  5,
		See:  []string{"OCI", "runtime spec", "container", "image"},
	},
	{
		Name: "VM",
		Also: []string{"virtual machine", "hypervisor", "KVM", "vms"},
		What: `A virtual machine is made of pretended hardware. A kernel of its own boots in it, on processors, memory and
			disks that the real processor keeps apart (KVM). A container has no kernel of its own: its programs call the
			host's. So it starts in milliseconds and costs little more than its processes do, while a VM boots and holds
			memory for a whole system.`,
		Why: `The difference says what a container does not protect from: a hole in the kernel that it shares with the host
			is a way out of it, but not by itself a way out of a VM. Strangers who must not trust each other get a VM each,
			often with containers inside.`,
		Hand: []string{"uname -r", "unshare --uts --pid --fork uname -r   # the same kernel"},
		Safe: true,
		Try:  Try{Line: "uname -r; tutor run --rm tutor/lab uname -r", Look: "the same version twice: there is one kernel", Want: `\d+\.\d+`},
		Read: []string{"namespaces(7)", "uname(2)"},
		Lab:  1,
		See:  []string{"container", "process", "seccomp", "capability"},
	},
	{
		Name: "OCI",
		Also: []string{"open container initiative", "oci spec", "image layout"},
		What: `The Open Container Initiative, founded in 2015, keeps three specifications: what an image is (image-spec), how
			images are moved (distribution-spec), and what a container is given at its start (runtime-spec). An image
			that was built with docker therefore runs under podman, containerd or tutor, and lies in any registry. On
			disk an image can lie as an OCI layout: a directory with index.json and all parts under their digests.`,
		Why: `Without a common format each engine would need images and registries of its own. tutor's store is such a
			layout, so that other tools can read it.`,
		Hand: []string{"cat /var/lib/tutor/images/oci-layout", "find /var/lib/tutor/images -type f"},
		Try:  Try{Line: "tutor images --no-trunc", Look: "an image by its ID, a digest as the image-spec defines it", Want: "sha256:[0-9a-f]{64}"},
		Read: []string{"OCI image-spec, image-layout.md", "OCI distribution-spec", "OCI runtime-spec"},
		Lab:  5,
		See:  []string{"image", "manifest", "registry", "runtime spec", "docker"},
	},
	{
		Name: "runtime spec",
		Also: []string{"config.json", "bundle", "OCI runtime spec", "--print-spec", "hook"},
		What: `The OCI runtime specification says what a runtime is handed: a bundle, that is a directory with a root file
			system and a config.json, which lists the command and its user, the mounts, namespaces, limits and
			capabilities. It also names the states of a container's life: creating, created, running, stopped. runc and
			crun read exactly this. tutor turns its flags and the image's config into the same file first, and all
			that it does afterwards follows from that.`,
		Why: `It is the joint between those who know images and users (docker, podman) and those who know the kernel
			(runc, crun, tutor): either side can be exchanged.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; cd /mnt", "runc spec", "grep -A 24 '\"namespaces\"' config.json"},
		Safe: true,
		Try:  Try{Line: "tutor run --print-spec --memory 64m tutor/lab sh", Look: "resources, memory, limit: 64m has become bytes", Want: `"limit": 67108864`},
		Read: []string{"OCI runtime-spec, config.md"},
		Lab:  5,
		See:  []string{"OCI", "docker", "config", "Program"},
	},
}
