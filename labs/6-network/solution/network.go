//go:build box

package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

var (
	bridge  = flag.String("net", "", "a bridge of the host's, which COMMAND is plugged into")
	address = flag.String("ip", "", "ADDR/PREFIX, COMMAND's")
	gateway = flag.String("gateway", "", "the bridge's address: the way to everybody else")
)

const hostVariable = "BOX_HOST" // tells the child which process is in the host's network: box

// plug lays a cable from the child's network to the bridge. All of it is made from in here, so that whoever is killed and
// whenever, nothing is left: a network namespace goes with its last process, its end of the cable goes with it, and the other
// end with that one. It takes a host's ip and a host's /proc, and must come before both are gone: before the pivot.
func plug() error {
	box := os.Getenv(hostVariable)
	os.Unsetenv(hostVariable)
	if *bridge == "" {
		return nil
	}
	host, far := "/proc/"+box+"/ns/net", "veth"+box // every box needs another name for the host's end
	for _, line := range []string{
		"ip link set lo up", // a new namespace has a loopback, but it is down
		"ip link add eth0 type veth peer name " + far + " netns " + host,
		"nsenter --net=" + host + " ip link set " + far + " master " + *bridge + " up",
		"ip address add " + *address + " dev eth0",
		"ip link set eth0 up",
		"ip route add default via " + *gateway, // last: the gateway must be within reach
	} {
		words := strings.Fields(line) // no link's name and no address has a blank in it
		if said, err := exec.Command(words[0], words[1:]...).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", line, err, strings.TrimSpace(string(said)))
		}
	}
	return nil
}
