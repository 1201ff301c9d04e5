// Package ports is the contract of lab 7-ports.
package ports

import "tutor/labs/contract"

// Promises are what `tutor grade 7-ports` asks of box. How each is looked at is in labs/grader/lab7.go, by the same ID.
var Promises = []contract.Promise{
	{ID: "lab7.port", Title: "HOST on the host's 127.0.0.1 leads to COMMAND's CONTAINER", Points: 3, Man: "tcp(7)", Read: "By hand",
		Hints: []string{"curl 127.0.0.1:HOST on the host, while COMMAND listens on CONTAINER", "listen on HOST; connect to ADDR:CONTAINER for each caller; copy both ways", "or with rules: 127.0.0.1 passes by PREROUTING, and needs OUTPUT and route_localnet"}},
	{ID: "lab7.outside", Title: "and so does HOST at every other address of the host's", Points: 3, Needs: []string{"lab7.port"}, Man: "ip(7)", Read: "Run it",
		Hints: []string{"who comes from another machine does not come by 127.0.0.1", "ss -ltn: at which address does box listen?", `net.Listen("tcp", ":8080"), not "127.0.0.1:8080"`}},
	{ID: "lab7.two", Title: "two boxes may both have the same CONTAINER", Points: 2, Needs: []string{"lab7.port"}, Man: "network_namespaces(7)", Read: "Run it",
		Hints: []string{"each network namespace has all 65535 ports", "only HOST is taken on the host", ""}},
	{ID: "lab7.many", Title: "a caller who is silent holds up no other", Points: 2, Needs: []string{"lab7.port"}, Man: "accept(2)", Read: "Build it",
		Hints: []string{"a browser opens six connections, and uses one", "accept again before the first connection has ended", "a goroutine, a thread or a process for each connection"}},
	{ID: "lab7.stream", Title: "all that is said arrives, also what is answered after the caller has ended its half", Points: 2, Needs: []string{"lab7.port"}, Man: "shutdown(2)", Read: "Build it",
		Hints: []string{"a connection has two directions, and each ends by itself", "hand the end of one direction on with shutdown(SHUT_WR); close when both have ended", "to.(*net.TCPConn).CloseWrite() after io.Copy(to, from)"}},
	{ID: "lab7.busy", Title: "a port that is taken: 125, the port's number on stderr, and no COMMAND", Points: 2, Needs: []string{"lab7.port"}, Man: "bind(2)", Read: "By hand",
		Hints: []string{"bind answers EADDRINUSE", "take the port before anything else is made", "rules alone do not notice that a port is taken: listen on it as well"}},
	{ID: "lab7.left", Title: "nothing stays: no port, no rule, no link, no process", Points: 3, Needs: []string{"lab7.port"}, Man: "close(2)", Read: "Run it",
		Hints: []string{"ss -ltnp and nft list ruleset on the host, when box has ended", "a socket goes with its last process; a rule stays until someone deletes it", ""}},
	{ID: "lab7.killed", Title: "box killed by SIGKILL, at any step: the next box gets the port", Points: 3, Needs: []string{"lab7.left"}, Man: "prctl(2)", Read: "Build it",
		Hints: []string{"SIGKILL cannot be caught: whoever forwards must die with box", "forward in box itself, or set PR_SET_PDEATHSIG for whoever does", "SO_REUSEADDR: a listener may take a port whose old connections have not quite gone"}},
}
