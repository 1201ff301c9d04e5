package doctor

import (
	"fmt"
	"io/fs"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"tutor/runtime/sys"
)

func (m Machine) root() string { return m.Root }
func (m Machine) run() string  { return m.Run }

// read is the content of a file of the host, without the white space and zero bytes at its ends; "" if there is
// none.
func (m Machine) read(path string) string {
	content, _ := fs.ReadFile(m.Files, path)
	return strings.Trim(string(content), " \t\n\x00")
}

// status is a field of proc_pid_status(5), tutor's own: "CapEff", "Seccomp".
func (m Machine) status(field string) string {
	for line := range strings.Lines(m.read("proc/self/status")) {
		if value, found := strings.CutPrefix(line, field+":"); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// kernel compares numbers: as text, "5.4" would be newer than "5.14".
func kernel(m Machine) answer {
	release := m.release()
	var major, minor int
	if n, _ := fmt.Sscanf(release, "%d.%d", &major, &minor); n != 2 {
		return answer{found: strconv.Quote(release), fails: true}
	}
	return answer{found: release, fails: major < 5 || major == 5 && minor < 14}
}

func user(m Machine) answer {
	return answer{found: fmt.Sprintf("user ID %d", m.UID), fails: m.UID != 0}
}

// holds looks at the effective set: what the kernel asks for is that, not who somebody is.
func holds(name string) func(Machine) answer {
	return func(m Machine) answer {
		held, err := strconv.ParseUint(m.status("CapEff"), 16, 64)
		for _, c := range sys.Capabilities {
			if err == nil && c.Name == name && held&(1<<c.Bits) != 0 {
				return answer{found: "held"}
			}
		}
		return answer{found: "not held", fails: true, mend: m.rights()}
	}
}

// machine tells apart what labs run on. Only the first WSL, which has no Linux at all, stops them, and its
// kernel's version says so already; elsewhere single things may be switched off, and have checks of their own.
func machine(m Machine) answer {
	if m.wsl() {
		_, err := fs.Stat(m.Files, "run/systemd/system")
		return answer{found: "WSL2", remark: err != nil, mend: wslSystemd}
	}
	if strings.Contains(strings.ToLower(m.release()), "microsoft") {
		return answer{found: "WSL1: not a Linux", remark: true, mend: "wsl.exe --set-version $WSL_DISTRO_NAME 2"}
	}
	if m.contained() {
		return answer{found: "a container" + m.engine(), remark: true}
	}
	if ids := strings.Fields(m.read("proc/self/uid_map")); len(ids) == 3 && ids[2] != "4294967295" {
		return answer{found: "a user namespace", remark: true, mend: rootShell} // whose root is not the host's
	}
	return answer{found: "no container"}
}

func (m Machine) release() string { return m.read("proc/sys/kernel/osrelease") }

// wsl tells if this is Windows's second subsystem for Linux: a real kernel in a small machine.
// The first such kernels say only microsoft-standard.
func (m Machine) wsl() bool {
	return strings.Contains(strings.ToLower(m.release()), "microsoft-standard")
}

// contained tells if tutor's processes are not the machine's. WSL's never are, but nobody has taken rights away.
func (m Machine) contained() bool {
	link, err := fs.ReadLink(m.Files, "proc/self/ns/pid")
	return err == nil && link != firstPIDs && !m.wsl()
}

// firstPIDs is the PID namespace that the kernel starts with; the number is PROC_PID_INIT_INO of its proc_ns.h.
// The marks that programs leave prove nothing alone: a disk that was made from an image of Docker's has its mark.
const firstPIDs = "pid:[4026531836]"

// engine is which program has made the container, as far as it has left its mark.
func (m Machine) engine() string {
	for _, mark := range []struct{ file, kind string }{
		{".dockerenv", ": docker"},        // made by dockerd in every container
		{"run/.containerenv", ": podman"}, // podman-run(1)
		{"dev/.lxc", ": lxc"},             // a directory of LXD's
	} {
		if _, err := fs.Stat(m.Files, mark.file); err == nil {
			return mark.kind
		}
	}
	for variable := range strings.SplitSeq(m.read("proc/1/environ"), "\x00") {
		if kind, found := strings.CutPrefix(variable, "container="); found {
			return ": " + kind // systemd.io/CONTAINER_INTERFACE; only root can read it
		}
	}
	return ""
}

// confinement is what forbids calls to tutor itself, root or not. What is really forbidden shows in the checks
// that try; this says by whom.
func confinement(m Machine) answer {
	var by []string
	if m.status("Seccomp") == "2" { // SECCOMP_MODE_FILTER
		by = append(by, "a seccomp filter")
	}
	if label := m.read("proc/self/attr/current"); label != "" && !strings.Contains(label, "unconfined") {
		by = append(by, "the LSM profile "+label)
	}
	if len(by) == 0 {
		return answer{found: "none"}
	}
	return answer{found: strings.Join(by, ", "), remark: true, mend: m.rights()}
}

// filters is what a filter of system calls may answer here (Linux 4.14). Without any a container starts all the same.
func filters(m Machine) answer {
	actions := m.read("proc/sys/kernel/seccomp/actions_avail")
	if actions == "" {
		return answer{found: "no: every call is open to containers", fails: true}
	}
	return answer{found: "yes"}
}

// forwarding is read and left alone: it opens the whole host.
func forwarding(m Machine) answer {
	value := m.read("proc/sys/net/ipv4/ip_forward")
	return answer{found: value, fails: value != "1"}
}

// mirrors is what stands between a class and the rate limit of Docker Hub.
func mirrors(m Machine) answer {
	if m.MirrorsErr != nil {
		return answer{found: m.MirrorsErr.Error(), fails: true}
	}
	if len(m.Mirrors) == 0 {
		return answer{found: "none: Docker Hub itself is asked", remark: true}
	}
	return answer{found: strings.Join(m.Mirrors, ", ")}
}

// emulator is the program of qemu for machines like this one.
var emulator = map[string]string{"amd64": "qemu-system-x86_64", "arm64": "qemu-system-aarch64"}[runtime.GOARCH]

// installed looks along PATH.
func installed(program string) func(Machine) answer {
	return func(Machine) answer {
		path, err := exec.LookPath(program)
		if err != nil {
			return answer{found: "not installed", fails: true}
		}
		return answer{found: path}
	}
}
