package container

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"

	"tutor/runtime/network"
	"tutor/runtime/networks"
	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// up makes what is not there yet of the networks: the firewall's table, and each network's bridge.
func (h Home) up(on []networks.Network, made Made) error {
	table := sys.Table(h.Networks().Table())
	err := carryOut(program.Of(network.FindFirewall(table)), made)
	if err != nil && !errors.Is(err, unix.ENOENT) {
		return Hint(err, "tutor doctor says what the kernel lacks; --network none needs nothing of it")
	}
	bare := err != nil
	if bare {
		all, err := h.Networks().List()
		if err != nil {
			return err
		}
		for _, n := range all { // the new table knows nobody
			if h.isUp(n) && !slices.ContainsFunc(on, func(o networks.Network) bool { return o.ID == n.ID }) {
				on = append(on, n)
			}
		}
	}
	var list program.Program
	if bare {
		list = append(list, network.Forwarding(forwarding4, readTrimmed(forwarding4) == "1"), network.Firewall(table))
	}
	for _, n := range on {
		list = append(list, h.upOne(n, bare)...)
	}
	if len(list) == 0 {
		return nil
	}
	return Hint(carryOut(list, made), "tutor doctor says what the kernel lacks; --network none needs nothing of it")
}

const (
	forwarding4 = "/proc/sys/net/ipv4/ip_forward"
	forwarding6 = "/proc/sys/net/ipv6/conf/all/forwarding"
)

func (h Home) upOne(n networks.Network, bare bool) (list program.Program) {
	kernel := h.net(n)
	if !h.isUp(n) {
		if n.Subnet6.IsValid() && !n.Internal {
			list = append(list, network.Forwarding(forwarding6, readTrimmed(forwarding6) == "1"))
		}
		return append(list, network.Bridge(kernel), network.Localnet(kernel), network.Join(kernel))
	}
	if bare {
		return append(list, network.Join(kernel))
	}
	return list
}

// isUp tells if the network's bridge is there.
func (h Home) isUp(n networks.Network) bool {
	_, err := os.Stat(filepath.Join("/sys/class/net", h.Networks().Bridge(n)))
	return err == nil
}

// leave gives the container's addresses back. The last one takes the firewall's table with it, and the default network's
// bridge; networks that somebody has made stay.
func (h Home) leave(ctx context.Context, id string, made Made) error {
	store := h.Networks()
	if _, err := os.Stat(store.Run); err != nil {
		return nil // there was never a network
	}
	lock, err := store.Lock(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	return h.part(id, made)
}

// part is leave, under the lock.
func (h Home) part(id string, made Made) error {
	store := h.Networks()
	leases, err := store.Of(id)
	if err != nil || len(leases) == 0 {
		return err
	}
	for _, l := range leases {
		err = errors.Join(err, store.Return(l))
	}
	if !store.Idle() {
		return err
	}
	return errors.Join(err, h.down(made))
}

// down takes away what the networks have in the kernel that nobody uses.
func (h Home) down(made Made) error {
	list := program.Of(network.RemoveFirewall(sys.Table(h.Networks().Table())))
	if n, err := h.Networks().Find(networks.Default); err == nil && h.isUp(n) {
		list = append(list, network.RemoveBridge(h.net(n)))
	}
	err := carryOut(list, made)
	if errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}
