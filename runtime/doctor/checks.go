package doctor

import (
	"tutor/runtime/namespaces"
	"tutor/runtime/network"
)

// from is a lab and all that build on it: a container's start in lab 6 still makes what lab 2 taught.
func from(first int) []int {
	var those []int
	for lab := first; lab <= labs; lab++ {
		those = append(those, lab)
	}
	return those
}

// only is a lab whose subject is not used again: a container without a memory limit starts as well.
func only(lab int) []int { return []int{lab} }

// checks is everything that the seven labs need of a machine, in their order.
var checks = []check{
	{"kernel", "Linux 5.14 or newer", from(1), false, kernel, newKernel},
	{"root", "user ID 0", from(1), false, user, sudo},
	{"machine", "real or virtual", nil, false, machine, privileged},
	{"confinement", "none", nil, false, confinement, rootShell},
	{"TUTOR_ROOT", "can be written", from(1), true, writable(Machine.root), otherRoot},
	{"TUTOR_RUN", "can be written", from(1), true, writable(Machine.run), otherRun},
	{"child", "clone3, close_range", from(1), false, tries(child), newKernel},

	{"CAP_SYS_ADMIN", "held", from(2), false, holds("CAP_SYS_ADMIN"), rootShell},
	{"mount namespace", "can be made", from(2), true, makes(namespaces.Mounts()), newKernel},
	{"pid namespace", "can be made", from(2), true, makes(namespaces.PIDs()), newKernel},
	{"uts namespace", "can be made", from(2), true, makes(namespaces.UTS()), newKernel},
	{"ipc namespace", "can be made", from(2), true, makes(namespaces.IPC()), newKernel},
	{"user namespace", "can be made", nil, false, makes(users()), "sudo sysctl -w kernel.unprivileged_userns_clone=1"},

	{"cgroup namespace", "can be made", from(3), true, makes(namespaces.Cgroup()), newKernel},
	{"cgroups", "v2; v1 works too", only(3), false, version, unified},
	{"own cgroup", "a child is put into it", from(3), true, group, "sudo mount -o remount,rw /sys/fs/cgroup"},
	{"memory controller", "--memory", only(3), false, controller("memory"), withMemory},
	{"cpu controller", "--cpus", only(3), false, controller("cpu"), newKernel},
	{"cpuset controller", "--cpuset-cpus", nil, false, controller("cpuset"), newKernel},
	{"pids controller", "--pids-limit", only(3), false, controller("pids"), newKernel},
	{"io controller", "--device-write-bps", only(3), false, controller("io"), newKernel},

	{"overlayfs", "mounted, and written", from(4), true, tries(overlay), "sudo modprobe overlay"},
	{"pivot_root", "can leave the root", from(4), true, tries(pivot), leaveRAM},
	{"volumes", "open_tree, move_mount", from(4), true, tries(volumes), newKernel},
	{"file system", "can hold an upper layer", from(4), true, fileSystem, otherRoot},
	{"disk space", "100 MB free, better 2 GB", from(4), false, disk, "sudo apt-get clean; df -h"},
	{"seccomp", "system calls can be filtered", only(5), false, filters, newKernel},
	{"registry mirrors", "to spare Docker Hub", only(5), false, mirrors, mirror},

	{"CAP_NET_ADMIN", "held", from(6), false, holds("CAP_NET_ADMIN"), rootShell},
	{"net namespace", "can be made", from(6), true, makes(network.Namespace("")), newKernel},
	{"bridge", "can be made", from(6), true, tries(bridge), "sudo modprobe bridge"},
	{"veth", "can be made", from(6), true, tries(veth), "sudo modprobe veth"},
	{"nftables", "a rule that masquerades", from(6), true, tries(nftables), "sudo modprobe nf_tables && sudo modprobe nft_masq"},
	{"other firewalls", "none that drops what it does not know", nil, true, firewalls, "sudo nft list ruleset"},
	{"ip_forward", "1, for the way out", nil, false, forwarding, "sudo sysctl -w net.ipv4.ip_forward=1"},

	{"CAP_SYS_RESOURCE", "held, for --ulimit", nil, false, holds("CAP_SYS_RESOURCE"), rootShell},
	{"ptrace", "for grading", nil, false, tries(ptrace), "sudo sysctl -w kernel.yama.ptrace_scope=1"},
	{"strace", "for the tests", nil, false, installed("strace"), "sudo apt-get install -y strace"},
	{"qemu", "for the tests", nil, false, installed(emulator), "sudo apt-get install -y qemu-system"},
}
