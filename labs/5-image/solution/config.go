//go:build box

package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// An imageConfig is what an image says of how to run it.
type imageConfig struct {
	Env, Entrypoint []string
	Cmd             []string
	WorkingDir      string
	User            string // "", "uid", "uid:gid", or names of the image's /etc/passwd
}

// command is what to run: COMMAND takes the place of Cmd, and never of Entrypoint.
func (c imageConfig) command(args []string) []string {
	if len(args) == 0 {
		args = c.Cmd
	}
	return slices.Concat(c.Entrypoint, args)
}

// settle is the last before COMMAND: its environment, its directory, its user. A user other than root could not have
// done what came before.
func (c imageConfig) settle() error {
	os.Clearenv()
	for _, e := range c.Env {
		name, value, _ := strings.Cut(e, "=")
		os.Setenv(name, value)
	}
	if c.WorkingDir != "" {
		os.MkdirAll(c.WorkingDir, 0o755)
		if err := os.Chdir(c.WorkingDir); err != nil {
			return err
		}
	}
	if c.User == "" {
		return nil
	}
	uid, gid, err := ids(c.User)
	if err != nil {
		return err
	}
	for _, err := range []error{syscall.Setgroups(nil), syscall.Setgid(gid), syscall.Setuid(uid)} {
		if err != nil {
			return fmt.Errorf("user %s: %w", c.User, err)
		}
	}
	return nil
}

// ids are the numbers of a user; names stand in the image's own /etc/passwd, not in the host's.
func ids(user string) (uid, gid int, err error) {
	name, group, _ := strings.Cut(user, ":")
	passwd, _ := os.ReadFile("/etc/passwd")
	for line := range strings.Lines(string(passwd)) {
		if f := strings.Split(line, ":"); len(f) > 3 && (f[0] == name || f[2] == name) {
			name = f[2]
			gid, _ = strconv.Atoi(f[3])
		}
	}
	if group != "" {
		if gid, err = strconv.Atoi(group); err != nil {
			return 0, 0, fmt.Errorf("group %s: %w", group, err)
		}
	}
	if uid, err = strconv.Atoi(name); err != nil || uid < 0 || gid < 0 {
		return 0, 0, fmt.Errorf("no user %s in this image", user)
	}
	return uid, gid, nil
}
