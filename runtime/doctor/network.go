package doctor

import (
	"os"
	"runtime"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// elsewhere does something in a network that nobody else is in, and that is gone afterwards with all that was made
// there: the thread is never unlocked, so Go throws it away when the goroutine ends.
func elsewhere(do func() error) error {
	ended := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
			ended <- os.NewSyscallError("unshare", err)
			return
		}
		ended <- do()
	}()
	return <-ended
}

// bridge makes the switch that containers are plugged into; EOPNOTSUPP if the kernel has none.
func bridge(Machine) error {
	return elsewhere(func() error {
		return os.NewSyscallError("RTM_NEWLINK", netlink.LinkAdd(&netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: "bridge"}}))
	})
}

// veth makes the cable, with its two ends.
func veth(Machine) error {
	return elsewhere(func() error {
		return os.NewSyscallError("RTM_NEWLINK", netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "one-end"}, PeerName: "other-end"}))
	})
}
