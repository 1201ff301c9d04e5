package container

import (
	"errors"
	"fmt"
	"os"

	"github.com/moby/profiles/seccomp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Unconfined is the word for no filter of system calls.
const Unconfined = "unconfined"

// FiltersCalls tells if this kernel can filter system calls: CONFIG_SECCOMP_FILTER, seen by a file of Linux 4.14.
func FiltersCalls() bool {
	_, err := os.Stat("/proc/sys/kernel/seccomp/actions_avail")
	return err == nil
}

// filter is the profile of system calls for a process with the spec's capabilities: Docker's own, none, or the one that
// --security-opt seccomp=FILE brought. Who may mount may make the calls for it as well, so it depends on them.
func (o Options) filter(s *specs.Spec, host Host) (*specs.LinuxSeccomp, error) {
	switch {
	case o.Seccomp == Unconfined || o.Seccomp == "" && !host.Seccomp:
		return nil, nil
	case o.Seccomp == "":
		return seccomp.GetDefaultProfile(s)
	}
	profile, err := seccomp.LoadProfile(o.Seccomp, s)
	if err == nil && profile == nil {
		err = errors.New("it names no system call, and no default action")
	}
	return profile, badProfile(err)
}

// badProfile is an error of a profile that somebody has written, with how one looks.
func badProfile(err error) error {
	if err == nil {
		return nil
	}
	return Hint(fmt.Errorf("--security-opt: %w", err), "a profile is Docker's JSON: {\"defaultAction\": \"SCMP_ACT_ERRNO\", \"syscalls\": [{\"names\": [\"read\", …], \"action\": \"SCMP_ACT_ALLOW\"}]}")
}
