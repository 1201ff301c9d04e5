package topics

var ours = []Topic{
	{
		Name: "Program",
		Also: []string{"Op", "entry", "poem", "plan", "--dry-run", "--without", "--lab", "lab"},
		What: `The start of a container as a list: each entry (Op) is one intention with a name, a reason, a shell line, a man page and
			the exact system calls. tutor executes this list and prints it; there is no second place where a call is
			described. --dry-run prints without running, --without leaves an entry out, --lab keeps what the first labs
			have taught.`,
		Why: `In most runtimes the start is one long function between fork and exec, and its order is the knowledge of a few. Data
			can be printed, compared, checked against a table of order, and run with one entry missing, to see what leaks.`,
		Hand: []string{"less runtime/container/plan.go   # in tutor's source: func Program"},
		Try:  Try{Line: "tutor run --dry-run tutor/lab sh", Look: "the whole list, from claim to exec; before it what makes the network, where none is there yet", Want: `(?sm)^claim .*^exec `},
		Read: []string{"tutor: docs/decisions/start-is-data.md", "tutor: docs/reading.md"},
		Lab:  1,
		See:  []string{"trace", "ledger", "baton", "clone", "exec", "container"},
	},
	{
		Name: "ledger",
		Also: []string{"shared mapping", "results"},
		What: `A piece of memory that tutor and the child share. For every call of the Program it has a line: what the kernel
			answered, and two readings of the clock, before and after. The child fills it with plain stores, since no Go
			can run there between clone and execve, and tutor reads it.`,
		Why: `Someone has to write down what happened, and a child that printed or logged would make calls that are not in the
			Program. Memory costs none.`,
		Hand: []string{"strace -f -e trace=clock_gettime tutor run --rm tutor/lab true   # the clock, twice a call"},
		Try:  Try{Line: "tutor run --rm --explain=json tutor/lab true", Look: "result, start_ns and duration_ns of each line come from the ledger", Want: `"result":0,"errno":"","start_ns":\d+`},
		Read: []string{"tutor: docs/truth.md", "mmap(2)"},
		Lab:  1,
		See:  []string{"trace", "baton", "Program"},
	},
	{
		Name: "baton",
		Also: []string{"two hands", "hand", "socketpair", "--step"},
		What: `A start has two hands: the host's, tutor itself, and the child's. One list tells what both do, and where it changes
			hands a byte goes over a socket pair: whoever has it works, the other waits. End of file means that the other
			side has died, or that execve has happened, for the child's end is close-on-exec.`,
		Why: `Some steps only the host can do, such as taking hold of the terminal, and some only the child. Without an order between
			them one would sometimes be too early, one start in a thousand.`,
		Hand: []string{"mount -t tmpfs tmpfs /mnt; mkfifo /mnt/baton", "( read line < /mnt/baton; echo child: $line ) & echo go > /mnt/baton; wait"},
		Safe: true,
		Try:  Try{Line: "tutor run --rm -t --explain tutor/lab true", Look: "the second column: host, child, host for terminal-host, child again", Want: `(?s) host .* child .* host .* child `},
		Read: []string{"socketpair(2)"},
		Lab:  1,
		See:  []string{"Program", "ledger", "clone", "terminal-host", "execve"},
	},
	{
		Name: "trace",
		Also: []string{"--explain", "--explain-to", "explain", "strace", "two views"},
		What: `What --explain prints: each entry under its reason, each call with its arguments and its answer as strace would write
			them, whose hand it was, and how long it took. The text is made from the registers that the kernel got. At the
			end stand two views of the same process, the host's and the container's.`,
		Why: `A log line beside each call is a second description, and some day it lies. Here a test compares every call with what
			strace saw.`,
		Hand: []string{"strace -f -o /tmp/calls tutor run --rm tutor/lab true", "grep -E 'unshare|mount|pivot_root' /tmp/calls"},
		Try:  Try{Line: "tutor run --rm --explain tutor/lab hostname", Look: "number, hand, PID outside, PID inside, time, call, answer", Want: `child +\d+ +1 +\d+ µs  sethostname\("[0-9a-f]{12}", 12\) = 0`},
		Read: []string{"strace(1)", "tutor: docs/truth.md"},
		Lab:  1,
		See:  []string{"Program", "ledger", "baton"},
	},
}
