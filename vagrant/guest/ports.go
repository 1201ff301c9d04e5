package guest

import (
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

// Ports are those of the machine that this computer has too, on its own loopback: the Vagrantfile's default, and a
// test holds the two together.
const Ports = "8000-8005 8080 8888"

// forwarded is which ports those are: TUTOR_PORTS, as the Vagrantfile reads it.
func forwarded() string {
	if said := os.Getenv("TUTOR_PORTS"); said != "" {
		return said
	}
	return Ports
}

// published is -p [ADDRESS:]PORT:PORT, in the four ways of writing a flag.
var published = regexp.MustCompile(`^(?:(.*):)?(\d+)(?:-(\d+))?:\d+(?:-\d+)?(?:/\w+)?$`)

// portHints says in time what would otherwise be a browser that waits for ever: `-p 9000:80` works, and is open in
// the machine alone. It guesses where the container's own command begins, and so it never refuses anything.
func portHints(args []string, ports string) (hints []string) {
	for i, arg := range args {
		if arg == "--" {
			return hints
		}
		value := ""
		switch {
		case (arg == "-p" || arg == "--publish") && i+1 < len(args):
			value = args[i+1]
		case strings.HasPrefix(arg, "--publish="):
			value = strings.TrimPrefix(arg, "--publish=")
		case strings.HasPrefix(arg, "-p"):
			value = strings.TrimPrefix(arg, "-p")
		}
		if hint := portHint(value, ports); hint != "" {
			hints = append(hints, hint)
		}
	}
	return hints
}

func portHint(value, ports string) string {
	m := published.FindStringSubmatch(value)
	if m == nil {
		return ""
	}
	if strings.HasPrefix(m[1], "127.") || m[1] == "[::1]" || m[1] == "localhost" {
		return fmt.Sprintf("-p %s is on the loopback of %s, where this computer cannot reach it; without the address it is on this computer's loopback, and on nothing else", value, machine)
	}
	first, last := number(m[2]), max(number(m[2]), number(m[3]))
	for port := first; port <= last; port++ {
		if !contains(ports, port) {
			return fmt.Sprintf("port %d is open in %s only; this computer has its ports %s. For others set TUTOR_PORTS, then vagrant reload", port, machine, ports)
		}
	}
	return ""
}

// contains reads a list as the Vagrantfile does: ports and ranges of them, with spaces between.
func contains(ports string, port int) bool {
	for _, entry := range strings.Fields(ports) {
		first, last, isRange := strings.Cut(entry, "-")
		if !isRange {
			last = first
		}
		if number(first) <= port && port <= number(last) {
			return true
		}
	}
	return false
}

func number(text string) int {
	n, _ := strconv.Atoi(text)
	return n
}
