package toolbox

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// A column of ps: its header, its side, and what it shows.
type column struct {
	header string
	align  string
	show   func(process, *snapshot) string
}

// A snapshot is what ps needs beside the processes themselves.
type snapshot struct {
	users  names
	up     time.Duration
	memory uint64
}

// columns are what -o takes, by name.
var columns = map[string]column{
	"pid":   {"PID", ">", func(p process, _ *snapshot) string { return fmt.Sprint(p.pid) }},
	"ppid":  {"PPID", ">", func(p process, _ *snapshot) string { return fmt.Sprint(p.ppid) }},
	"pgid":  {"PGID", ">", func(p process, _ *snapshot) string { return fmt.Sprint(p.pgid) }},
	"sid":   {"SID", ">", func(p process, _ *snapshot) string { return fmt.Sprint(p.sid) }},
	"uid":   {"UID", ">", func(p process, _ *snapshot) string { return fmt.Sprint(p.uid) }},
	"user":  {"USER", "<", func(p process, s *snapshot) string { return s.users.of(p.uid) }},
	"comm":  {"COMMAND", "<", func(p process, _ *snapshot) string { return p.comm }},
	"args":  {"COMMAND", "<", func(p process, _ *snapshot) string { return p.args }},
	"stat":  {"STAT", "<", func(p process, _ *snapshot) string { return p.stat() }},
	"s":     {"S", "<", func(p process, _ *snapshot) string { return p.state }},
	"tty":   {"TTY", "<", func(p process, _ *snapshot) string { return p.terminal() }},
	"nice":  {"NI", ">", func(p process, _ *snapshot) string { return fmt.Sprint(p.nice) }},
	"nlwp":  {"NLWP", ">", func(p process, _ *snapshot) string { return fmt.Sprint(p.threads) }},
	"vsz":   {"VSZ", ">", func(p process, _ *snapshot) string { return fmt.Sprint(p.vsz >> 10) }},
	"rss":   {"RSS", ">", func(p process, _ *snapshot) string { return fmt.Sprint(p.rss >> 10) }},
	"time":  {"TIME", ">", func(p process, _ *snapshot) string { return minutes(p.cpu / ticks) }},
	"etime": {"ELAPSED", ">", func(p process, s *snapshot) string { return minutes(uint64(p.age(s.up).Seconds())) }},
	"stime": {"STIME", "<", func(p process, s *snapshot) string { return began(p, s.up) }},
	"pcpu":  {"%CPU", ">", func(p process, s *snapshot) string { return share(float64(p.cpu)/ticks, p.age(s.up).Seconds()) }},
	"pmem":  {"%MEM", ">", func(p process, s *snapshot) string { return share(float64(p.rss), float64(s.memory)) }},
}

// aliases are the other names of columns.
var aliases = map[string]string{
	"cmd": "args", "command": "args", "ucmd": "comm", "euser": "user", "uname": "user", "euid": "uid", "pgrp": "pgid", "sess": "sid",
	"session": "sid", "state": "s", "tt": "tty", "tname": "tty", "ni": "nice", "thcount": "nlwp", "%cpu": "pcpu", "%mem": "pmem",
	"rssize": "rss", "vsize": "vsz", "cputime": "time", "start": "stime", "start_time": "stime", "c": "pcpu",
}

func ps(t *tool) error {
	layout, chosen, err := psArgs(t.args)
	if err != nil {
		return err
	}
	all, err := processes()
	if err != nil {
		return err
	}
	m, _ := meminfo()
	s := &snapshot{users: users(), up: uptime(), memory: m["MemTotal"]}
	shown, err := chosenColumns(layout)
	if err != nil {
		return err
	}
	header, align := []string{}, ""
	for _, c := range shown {
		header, align = append(header, c.header), align+c.align
	}
	rows := [][]string{header}
	if strings.Join(header, "") == "" {
		rows = nil
	}
	for _, p := range all {
		if len(chosen) > 0 && !slices.Contains(chosen, fmt.Sprint(p.pid)) {
			continue
		}
		row := make([]string, len(shown))
		for i, c := range shown {
			row[i] = c.show(p, s)
		}
		rows = append(rows, row)
	}
	t.printf("%s", table(rows, align))
	if len(chosen) > 0 && len(rows) <= 1 {
		return exitCode(1)
	}
	return nil
}

// chosenColumns reads pid,args=WHAT,… ; what follows "=" is another header.
func chosenColumns(layout string) ([]column, error) {
	var chosen []column
	for word := range strings.SplitSeq(layout, ",") {
		name, title, renamed := strings.Cut(word, "=")
		if other, ok := aliases[name]; ok {
			name = other
		}
		c, ok := columns[name]
		if !ok {
			return nil, usageError(word + ": no such column")
		}
		if renamed {
			c.header = title
		}
		chosen = append(chosen, c)
	}
	return chosen, nil
}

// psArgs understands the three dialects that everyone mixes: ps, ps aux, ps -ef, and -o.
func psArgs(args []string) (layout string, pids []string, err error) {
	layout = "pid,user,time,args"
	var dashed []string
	for _, arg := range args {
		switch {
		case arg == "aux" || arg == "-aux" || arg == "ax" || arg == "axu" || arg == "auxww":
			layout = "user,pid,%cpu,%mem,vsz,rss,tty,stat,stime,time,args"
		default:
			dashed = append(dashed, arg)
		}
	}
	o, err := parse("efwlAaxT:o:p:", dashed)
	if err != nil || len(o.rest) > 0 {
		return "", nil, usageError("ps, ps aux, ps -ef, or ps -o COLUMNS")
	}
	if o.has("f") {
		layout = "user=UID,pid,ppid,c=C,stime,tty,time,args=CMD"
	}
	if o.has("o") {
		layout = strings.ReplaceAll(strings.Join(o.given['o'], ","), " ", ",")
	}
	for _, list := range o.given['p'] {
		pids = append(pids, strings.Split(list, ",")...)
	}
	return layout, pids, nil
}

// minutes is 3:07, 61:00, and 4h05 when that gets too wide.
func minutes(seconds uint64) string {
	if seconds >= 100*60 {
		return fmt.Sprintf("%dh%02d", seconds/3600, seconds/60%60)
	}
	return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
}

func share(part, whole float64) string {
	if whole <= 0 {
		return "0.0"
	}
	return fmt.Sprintf("%.1f", 100*part/whole)
}

// began is the time of day, or the date when that was not today.
func began(p process, up time.Duration) string {
	when := time.Now().Add(-p.age(up))
	if time.Since(when) > 24*time.Hour {
		return when.Format("Jan02")
	}
	return when.Format("15:04")
}

func sortBy(all []process, less func(a, b process) bool) {
	slices.SortStableFunc(all, func(a, b process) int { return boolInt(less(b, a)) - boolInt(less(a, b)) })
}
