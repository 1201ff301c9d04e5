package labs

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
)

// Newest is the container that was started last and still runs; "" if there is none.
func (r *Room) Newest() string {
	all, _ := r.Home.Statuses()
	for _, c := range all {
		if c.Word == "running" {
			return c.Name
		}
	}
	return ""
}

// Shell gives the person a shell: in the newest container, or where the lab's commands run.
func (r *Room) Shell() error {
	cmd := exec.Command("bash", "--norc", "-i")
	where := r.Environ("PS1=lab \\w $ ")
	if name := r.Newest(); name != "" {
		cmd = exec.Command(filepath.Join(r.Home.Root, "bin", "tutor"), "exec", "-it", name, "sh")
	}
	cmd.Dir, cmd.Env = r.Dir, where
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err := cmd.Run()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		return nil // how the shell's last command ended is its own affair
	}
	return err
}
