package doctor

import (
	"cmp"
	"errors"

	"golang.org/x/sys/unix"
)

// What to type on Debian or Ubuntu, where more than one check has the same cure.
const (
	sudo        = "sudo tutor doctor"
	rootShell   = "sudo -i" // a shell from which nobody has taken capabilities
	privileged  = "docker run --privileged --cgroupns=host -v /var/lib/tutor -it debian"
	newKernel   = ". /etc/os-release; sudo apt-get install -y linux-generic-hwe-$VERSION_ID || sudo apt-get install -y linux-image-$(dpkg --print-architecture); sudo reboot"
	unified     = `echo 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX systemd.unified_cgroup_hierarchy=1"' | sudo tee -a /etc/default/grub && sudo update-grub && sudo reboot`
	withMemory  = `echo 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX cgroup_enable=memory"' | sudo tee -a /etc/default/grub && sudo update-grub && sudo reboot`
	mountGroups = "sudo mount -t cgroup2 cgroup2 /sys/fs/cgroup"
	otherRoot   = "sudo TUTOR_ROOT=/srv/tutor tutor doctor"
	otherRun    = "sudo TUTOR_RUN=/dev/shm/tutor tutor doctor"
	leaveRAM    = "mount -t tmpfs tmpfs /mnt && cp -ax / /mnt && exec switch_root /mnt /init"
	mirror      = `sudo mkdir -p /etc/tutor && sudoedit /etc/tutor/config.json  # {"registry-mirrors": ["https://…"]}`
	wslSystemd  = `printf '[boot]\nsystemd=true\n' | sudo tee -a /etc/wsl.conf && wsl.exe --shutdown`
	wslUpdate   = "wsl.exe --update && wsl.exe --shutdown"
	wslUnified  = `printf '[wsl2]\nkernelCommandLine=cgroup_no_v1=all\n' >> "$(wslpath "$(cmd.exe /c 'echo %USERPROFILE%' | tr -d '\r')")/.wslconfig" && wsl.exe --shutdown`
)

// onWSL is what takes the place of a cure there: the kernel and its command line are Windows's to choose.
var onWSL = map[string]string{
	newKernel:  wslUpdate,
	unified:    wslUnified,
	withMemory: wslUnified,
}

// rights is the cure for EPERM as root: in a container the engine must grant more, elsewhere somebody has taken
// capabilities away.
func (m Machine) rights() string {
	if m.UID != 0 {
		return sudo
	}
	return cmp.Or(m.granted(), rootShell)
}

// granted is the cure in a container, for what the machine has and the engine does not pass on; elsewhere "".
func (m Machine) granted() string {
	if m.contained() {
		return privileged
	}
	return ""
}

// cure is what the kernel's answer alone tells; "" leaves it to the check.
func (m Machine) cure(err error) string {
	if errors.Is(err, unix.EPERM) || errors.Is(err, unix.EACCES) {
		return m.rights()
	}
	if errors.Is(err, unix.ENOSYS) && confinement(m).remark {
		return privileged // Docker's filter answers so for calls that it does not know
	}
	if errors.Is(err, unix.ENOSYS) {
		return newKernel
	}
	if errors.Is(err, unix.EROFS) {
		return m.granted()
	}
	if call, op := failed(err); call == "unshare" && errors.Is(err, unix.ENOSPC) {
		return "sudo sysctl -w user.max_" + counters[op] + "_namespaces=10000"
	}
	return ""
}

// counters are what namespaces(7) calls the limits on how many namespaces of each kind a user may have, by the Op
// that makes one.
var counters = map[string]string{
	"mount-ns":  "mnt",
	"pid-ns":    "pid",
	"uts-ns":    "uts",
	"ipc-ns":    "ipc",
	"user-ns":   "user",
	"cgroup-ns": "cgroup",
	"net-ns":    "net",
	"":          "net", // made by no Op: see elsewhere
}
