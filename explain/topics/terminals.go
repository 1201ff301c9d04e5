package topics

var terminals = []Topic{
	{
		Name: "terminal",
		Op:   "terminal",
		Also: []string{"pty", "tty", "-t", "--tty", "pseudo-terminal", "ptmx", "pts", "--detach-keys"},
		What: `A pseudo-terminal has two ends. What is written to one is read at the other, and in between the kernel does what
			a terminal does: echo, line editing, Ctrl-C turned into SIGINT, the size of the window. The command holds the
			far end, /dev/pts/0, and believes that a person sits there. tutor holds the near one and carries every byte
			to and from your own terminal.`,
		Why: `Programs ask whether they talk to a terminal. If not there is no prompt, no colour and no job control, and
			output comes in blocks.`,
		Hand: []string{"script -q -c tty /dev/null"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -it tutor/lab", Look: "the prompt; type tty, then exit", Terminal: true},
		See:  []string{"devpts", "session", "console", "terminal-host", "ioctl", "stdin"},
	},
	{
		Name: "terminal-host",
		Op:   "terminal-host",
		Also: []string{"master", "window size"},
		What: `The child has made the terminal inside, in the container's own devpts, so that nothing of the host's takes part.
			tutor gets its end by copying the descriptor out of the child (pidfd_getfd) while the child waits for the
			baton, and tells it the size of your window.`,
		Hand: []string{"script -q -c 'stty rows 24 cols 80; stty size' /dev/null"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -t --explain tutor/lab tty", Look: "pidfd_open, pidfd_getfd: by the host's hand, in the middle of the child's work", Want: `host .* pidfd_getfd\(`},
		See:  []string{"terminal", "pidfd_getfd", "pidfd_open", "baton", "ioctl"},
	},
	{
		Name: "console",
		Op:   "console",
		Also: []string{"/dev/console", "TIOCSCTTY"},
		What: `TIOCSCTTY makes the far end the controlling terminal of the child's session, so that Ctrl-C goes to the command.
			Three dup3 make it standard input, output and error. The container's user becomes its owner, and it is bound
			to /dev/console as well, where some programs write.`,
		Hand: []string{"script -q -c 'ps -o pid,sid,tty,comm' /dev/null"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -t tutor/lab sh -c 'tty; ls /dev/console'", Look: "the command's terminal is the container's first", Want: "/dev/pts/0"},
		See:  []string{"terminal", "session", "dup3", "ioctl", "fchown"},
	},
}
