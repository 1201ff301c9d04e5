package grader

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// An intent is something that a box has to do, by whichever call: two programs are compared by these, and not line by
// line.
type intent struct {
	did  string // what it is to have done it: "you never …"
	call string // a regular expression: compiled when a trace is compared, which few commands do
}

// intents are what the labs ask for.
var intents = []intent{
	{"made a child process", `^(v?fork|clone3?)\(`},
	{"asked for a PID namespace", asksFor("PID")},
	{"asked for a mount namespace", asksFor("NS")},
	{"asked for a UTS namespace", asksFor("UTS")},
	{"asked for an IPC namespace", asksFor("IPC")},
	{"asked for a network namespace", asksFor("NET")},
	{"asked for a cgroup namespace", asksFor("CGROUP")},
	{"made a control group", `^mkdir(at)?\(.*/sys/fs/cgroup/`},
	{"limited the group's memory", writes(`memory\.(max|limit_in_bytes)`)},
	{"limited the group's swap", writes(`memory\.(swap\.max|memsw\.limit_in_bytes)`)},
	{"limited the group's processes", writes(`pids\.max`)},
	{"limited the group's processors", writes(`cpu\.(max|cfs_quota_us)`)},
	{"moved a process into the group", writes(`(cgroup\.procs|tasks)`)},
	{"made / private", `^mount\(.*MS_(PRIVATE|SLAVE)|^mount_setattr\(.*MS_(PRIVATE|SLAVE)`},
	{"set the host name", `^sethostname\(`},
	{"stacked the layers", `^mount\([^,]*, [^,]*, "overlay"`},
	{"changed the root with pivot_root", `^pivot_root\(`},
	{"changed the root with chroot", `^chroot\(`},
	{"took the old root away", `^umount2\(.*MNT_DETACH`},
	{"mounted /proc", `^mount\([^,]*, [^,]*, "proc"`},
	{"changed the directory", `^f?chdir\(`},
	{"set the groups", `^setgroups\(`},
	{"set the group", `^setre?s?gid\(`},
	{"set the user", `^setre?s?uid\(`},
	{"became COMMAND", `^execve(at)?\("[^"]*tutor"`},
	{"passed the signal on", `^(kill|tgkill|pidfd_send_signal)\(.*SIGTERM`},
	{"waited for the child", `^wait(4|id)\(.*= \d`},
	{"removed the group", `^(rmdir|unlinkat)\(.*/sys/fs/cgroup/`},
	{"ended", `^exit_group\(`},
}

// asksFor is a call that makes that namespace, by either way.
func asksFor(kind string) string { return `^(clone3?|unshare)\(.*CLONE_NEW` + kind + `\b` }

// writes is a call that writes that file of a group: strace -y says which file a descriptor is.
func writes(file string) string { return `^write\(\d+<[^>]*/` + file + `>` }

// A Step is one intent, as the reference and as a box has followed it.
type Step struct {
	Did             string
	Reference, Mine string // the calls; "": there is none
	Remark          string // what is different; "": nothing
}

// found is where a trace follows the intent: the first call that the kernel did not refuse, else the first. -1: nowhere.
func (i intent) found(calls []traced) int {
	refused, call := -1, regexp.MustCompile(i.call)
	for n, c := range calls {
		if !call.MatchString(c.String()) {
			continue
		}
		if i.did == "ended" && c.pid != calls[0].pid {
			continue // box itself is meant
		}
		if !c.failed() {
			return n
		}
		if refused < 0 {
			refused = n
		}
	}
	return refused
}

// A place is where both traces follow an intent.
type place struct {
	intent
	theirs, own int
}

// align compares two traces, in the order of the reference's.
func align(reference, mine []traced) []Step {
	var places, more []place
	for _, i := range intents {
		p := place{i, i.found(reference), i.found(mine)}
		if p.theirs >= 0 {
			places = append(places, p)
		} else if p.own >= 0 {
			more = append(more, p)
		}
	}
	slices.SortStableFunc(places, func(a, b place) int { return a.theirs - b.theirs })
	slices.SortStableFunc(more, func(a, b place) int { return a.own - b.own })
	var steps []Step
	for n, p := range places {
		step := Step{Did: p.did, Reference: reference[p.theirs].String(), Remark: remark(places, n, mine)}
		if p.own >= 0 {
			step.Mine = mine[p.own].String()
			if step.Remark == "" && mine[p.own].failed() && !reference[p.theirs].failed() {
				step.Remark = "the kernel refused it: " + strings.TrimPrefix(mine[p.own].result, "-1 ")
			}
		}
		steps = append(steps, step)
	}
	for _, p := range more {
		steps = append(steps, Step{Did: p.did, Mine: mine[p.own].String(), Remark: "the solution does not"})
	}
	return steps
}

// remark says that an intent was not followed, and before what it should have been; or that it was, in another order.
func remark(places []place, n int, mine []traced) string {
	p := places[n]
	if p.own < 0 {
		text := "you never " + p.did
		next := slices.IndexFunc(places[n+1:], func(q place) bool { return q.own >= 0 && q.theirs > p.theirs })
		if next >= 0 {
			text += " before " + mine[places[n+1+next].own].name
		}
		return text
	}
	for _, q := range places[:n] {
		if q.own > p.own && q.theirs < p.theirs {
			return fmt.Sprintf("in another order: you %s before you %s", p.did, q.did)
		}
	}
	return ""
}
