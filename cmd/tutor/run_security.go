//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"tutor/runtime/container"
)

// securityOptions reads --security-opt NAME=VALUE; Docker's older NAME:VALUE too. The last of a name wins.
func securityOptions(o *container.Options, options []string) error {
	for _, option := range options {
		name, value := option, ""
		if at := strings.IndexAny(option, "=:"); at >= 0 {
			name, value = option[:at], option[at+1:]
		}
		switch name + "=" + value {
		case "no-new-privileges=", "no-new-privileges=true":
			o.NoNewPrivs = true
			continue
		case "no-new-privileges=false":
			o.NoNewPrivs = false
			continue
		case "apparmor=unconfined", "label=disable": // as it is
			continue
		case "seccomp=builtin":
			o.Seccomp = ""
			continue
		case "seccomp=" + container.Unconfined:
			o.Seccomp = container.Unconfined
			continue
		}
		if name != "seccomp" || value == "" {
			return container.Hint(fmt.Errorf("invalid --security-opt: %q", option), "no-new-privileges, seccomp=unconfined, or seccomp=FILE with a profile in Docker's JSON")
		}
		profile, err := readProfile(value)
		if err != nil {
			return container.Hint(fmt.Errorf("opening seccomp profile (%s) failed: %w", value, err), "seccomp=unconfined is no filter, seccomp=builtin is Docker's; all else is a file")
		}
		o.Seccomp = profile
	}
	return nil
}

// readProfile reads a profile of system calls, of a size that one has.
func readProfile(path string) (string, error) {
	const limit = 1 << 20
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && len(text) > limit {
		err = fmt.Errorf("it is larger than %d bytes", limit)
	}
	if err == nil && len(text) == 0 {
		err = fmt.Errorf("it is empty")
	}
	return string(text), err
}
