package container

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"tutor/runtime/process"
)

// ends are the ends of the pipes that the command gets. Once it has them ours must go, or no pipe would ever end.
type ends []*os.File

func (e ends) close() {
	for _, f := range e {
		f.Close()
	}
}

// streams opens the log and the three pipes, and lets the Program know the descriptors. With -t the terminal takes
// their place, and a lab without an image writes where tutor writes.
func (c *Container) streams() (command ends, err error) {
	if c.Options.bare() {
		return nil, nil
	}
	if c.Options.Log.Driver != LogNone {
		if c.hub.log, err = openLog(c.home.logPath(c.State.ID), c.Options.Log); err != nil {
			return nil, err
		}
	}
	if c.Options.Terminal {
		return nil, nil
	}
	if c.Options.Interactive {
		r, w, err := os.Pipe()
		if err != nil {
			return nil, err
		}
		c.Plan.Pipes.In.Give(int(r.Fd()))
		command, c.hub.input, c.hub.stays = append(command, r), w, c.Options.StdinStays
	}
	for _, stream := range []string{"stdout", "stderr"} {
		r, w, err := os.Pipe()
		if err != nil {
			return command, err
		}
		to := c.Plan.Pipes.Out
		if stream == "stderr" {
			to = c.Plan.Pipes.Err
		}
		to.Give(int(w.Fd()))
		command = append(command, w)
		c.hub.pump(r, stream)
	}
	return command, nil
}

// flow lets the terminal, if there is one, and the people who are attached, come together with the command.
func (c *Container) flow(running *process.Running) {
	pidfd, err := unix.PidfdOpen(running.PID, 0)
	if err == nil {
		c.hub.mutex.Lock()
		c.hub.process = pidfd
		c.hub.mutex.Unlock()
	}
	if fd, there := running.Answer(c.Plan.Terminal.Master); there {
		unix.SetNonblock(fd, true) // so that a read can have an end: see ebb
		master := os.NewFile(uintptr(fd), "master")
		c.hub.mutex.Lock()
		c.hub.input, c.hub.terminal = master, master
		size := c.hub.size
		c.hub.mutex.Unlock()
		c.hub.Resize(size)
		c.hub.pump(master, "stdout")
	}
}

// ebb is the end of all output, but for what somebody who reads slowly has not read yet.
func (c *Container) ebb() {
	c.hub.ebb()
	c.hub.mutex.Lock()
	defer c.hub.mutex.Unlock()
	if c.hub.process >= 0 {
		unix.Close(c.hub.process)
		c.hub.process = -1
	}
}

// oomKilled tells if the kernel killed a process of the group for want of memory (cgroup-v2.rst, memory.events).
func (c *Container) oomKilled() bool {
	for _, dir := range c.Plan.Group.Dirs() {
		for _, name := range []string{"memory.events", "memory.oom_control"} {
			for _, line := range strings.Split(readTrimmed(filepath.Join(dir, name)), "\n") {
				if count, found := strings.CutPrefix(line, "oom_kill "); found {
					n, err := strconv.Atoi(count)
					return err == nil && n > 0
				}
			}
		}
	}
	return false
}

// serve listens for people who want to attach.
func (c *Container) serve() error {
	l, err := c.home.listen(c.State.ID)
	if err != nil {
		return err
	}
	c.claim.socket = l
	go func() {
		for {
			conn, err := l.AcceptUnix()
			if errors.Is(err, unix.EMFILE) {
				time.Sleep(100 * time.Millisecond)
				continue
			}
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				c.hub.serve(&line{Conn: conn}, func() {})
			}()
		}
	}()
	return nil
}

// Local joins whoever runs this very process to the container. It is called before Run.
func (c *Container) Local(out, errors io.Writer) Joint {
	c.hub.add(&client{out: out, errors: errors})
	return c.hub
}
