//go:build !linux

// Command tutor, where there is no Linux kernel to ask: it hands its command line to the tutor in a virtual machine.
package main

import (
	"os"

	"tutor/vagrant/guest"
)

func main() { os.Exit(guest.Main(os.Args[1:])) }
