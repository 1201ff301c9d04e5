// Package bareprocess is the contract of lab 1-bare-process.
package bareprocess

import "tutor/labs/contract"

// Promises are what `tutor grade 1-bare-process` asks of box. How each is looked at is in labs/grader/lab1.go, by the same ID.
var Promises = []contract.Promise{
	{ID: "lab1.argv", Title: "COMMAND gets its arguments as they are: spaces, quotes, empty ones", Points: 3, Man: "execve(2)", Read: "By hand",
		Hints: []string{"the arguments after -- are a list, and they must stay one", "no shell may read them: a shell splits, globs and expands", "exec.Command(args[0], args[1:]...), execvp(argv[0], argv), subprocess without shell=True"}},
	{ID: "lab1.stdout", Title: "stdout carries what COMMAND writes, byte for byte, and nothing else", Points: 2, Man: "dup(2)", Read: "By hand",
		Hints: []string{"whatever box itself has to say belongs on stderr", "COMMAND must inherit descriptor 1: no copying, no converting, no banner", "command.Stdout = os.Stdout"}},
	{ID: "lab1.stderr", Title: "stderr stays apart from stdout", Points: 1, Man: "dup(2)", Read: "By hand",
		Hints: []string{"there are two streams, and both must arrive", "COMMAND must inherit descriptor 2 as it is", "command.Stderr = os.Stderr"}},
	{ID: "lab1.live", Title: "output arrives at once, and not when COMMAND has ended", Points: 1, Man: "pipe(7)", Read: "By hand",
		Hints: []string{"who waits for the end of the output cannot hold a conversation", "do not collect the output: let COMMAND write to box's own descriptors", "command.Run, not command.Output"}},
	{ID: "lab1.stdin", Title: "COMMAND reads box's stdin, to its end", Points: 2, Man: "dup(2)", Read: "Break it",
		Hints: []string{"COMMAND needs descriptor 0", "an empty input looks like /dev/null: that is what many libraries give if you say nothing", "command.Stdin = os.Stdin"}},
	{ID: "lab1.env", Title: "COMMAND gets box's environment and current directory", Points: 1, Man: "environ(7)", Read: "By hand",
		Hints: []string{"a new process inherits both unless someone changes them", "do not pass an environment of your own, and do not chdir", "execve(path, argv, environ)"}},
	{ID: "lab1.exit", Title: "box ends with COMMAND's exit code", Points: 2, Man: "wait(2)", Read: "By hand",
		Hints: []string{"scripts rely on it: box run -- false || echo no", "wait4 gives a status; the code is in its second byte: WEXITSTATUS", "os.Exit(command.ProcessState.ExitCode())"}},
	{ID: "lab1.killed", Title: "COMMAND killed by signal n: box ends with 128+n", Points: 2, Needs: []string{"lab1.exit"}, Man: "wait(2)", Read: "By hand",
		Hints: []string{"a process that was killed has no exit code; shells say 128+n", "WIFSIGNALED and WTERMSIG tell", "status.Signaled(), 128+int(status.Signal())"}},
	{ID: "lab1.term", Title: "SIGTERM sent to box reaches COMMAND", Points: 2, Needs: []string{"lab1.exit"}, Man: "kill(2)", Read: "Run it",
		Hints: []string{"whoever stops box means COMMAND", "catch SIGTERM in box, send it to COMMAND's PID, and go on waiting", "signal.Notify(c, syscall.SIGTERM); command.Process.Signal(<-c)"}},
	{ID: "lab1.missing", Title: "a COMMAND that is not there: 127, and a word on stderr", Points: 1, Needs: []string{"lab1.exit"}, Man: "execve(2)", Read: "By hand",
		Hints: []string{"127 is what every shell says: command not found", "execve answers ENOENT", "errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist)"}},
	{ID: "lab1.denied", Title: "a COMMAND that may not be executed: 126, and a word on stderr", Points: 1, Needs: []string{"lab1.exit"}, Man: "execve(2)", Read: "By hand",
		Hints: []string{"126 is what every shell says: found, but cannot be run", "execve answers EACCES", "errors.Is(err, fs.ErrPermission)"}},
	{ID: "lab1.left", Title: "no process stays behind, and no zombie", Points: 2, Needs: []string{"lab1.exit"}, Man: "wait(2)", Read: "By hand",
		Hints: []string{"a process that has ended stays in the table until its parent has asked how", "every fork needs a wait", "command.Wait after every command.Start"}},
}
