package container

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"

	"tutor/runtime/network"
	"tutor/runtime/networks"
	"tutor/runtime/ports"
	"tutor/runtime/program"
	"tutor/runtime/sys"
)

// Plug connects a container with one more network: at once if it runs, and for its next start.
func (h Home) Plug(ctx context.Context, s State, w networks.Wish, made Made) error {
	turn, err := h.turn(ctx, s.ID)
	if err != nil {
		return err
	}
	defer turn.Close()
	r, err := h.recipe(s.ID)
	if err != nil {
		return err
	}
	n, err := h.wanted(ctx, w.Network)
	if err != nil {
		return err
	}
	w.Network = n.Name
	if !r.Options.pluggable() {
		return Hint(fmt.Errorf("container cannot be connected to a network: it runs with --network %s", r.Options.Network), "run it again with --network "+n.Name)
	}
	if r.Options.on(n) {
		return fmt.Errorf("endpoint with name %s already exists in network %s", s.Name, n.Name)
	}
	changed := r.Options
	changed.Networks = append(slices.Clone(r.Options.wishes()), w)
	if changed.Networks[0].Network != r.Options.Network { // it was on none
		changed.Network = changed.Networks[0].Network
	}
	if err := errors.Join(changed.checkNetworks(), n.Has(w)); err != nil {
		return err
	}
	if r.Options.refusesIPv6() {
		n.Subnet6 = netip.Prefix{}
	}
	if _, runs := h.alive(s.ID); runs {
		mark := networks.Plugging(n, s.ID)
		if err := h.Networks().Begin(mark); err != nil {
			return err
		}
		defer h.Networks().Done(mark)
		if err := h.plug(ctx, s, n, w, made); err != nil {
			return err
		}
	}
	r.Options = changed
	return errors.Join(h.keepRecipe(s, r), h.tellNames(s.ID))
}

func (h Home) wanted(ctx context.Context, name string) (networks.Network, error) {
	lock, err := h.Networks().Lock(ctx)
	if err != nil {
		return networks.Network{}, err
	}
	defer lock.Close()
	n, err := h.joinable(name, true)
	if builtIn, there := h.Networks().FindBuiltIn(name); there && errors.Is(err, networks.ErrNotFound) {
		err = stays(builtIn)
	}
	return n, err
}

// tellNames has a container that runs look for names where there are some now, and know its own addresses. The files are those
// that it sees.
func (h Home) tellNames(id string) error {
	c, err := h.Open(id)
	if _, runs := h.alive(id); err != nil || !runs {
		return err
	}
	if c.leases, err = h.Networks().Of(id); err != nil {
		return err
	}
	on, err := h.on(c.leases)
	if err != nil {
		return err
	}
	c.wire(on, c.leases)
	err = os.WriteFile(filepath.Join(h.Dir(id), "hosts"), []byte(c.hosts()), 0o644)
	if c.Options.named() {
		err = errors.Join(err, os.WriteFile(filepath.Join(h.Dir(id), "resolv.conf"), []byte(c.resolv()), 0o644))
	}
	return err
}

// plug lays one more cable into a container that runs.
func (h Home) plug(ctx context.Context, s State, n networks.Network, w networks.Wish, made Made) (err error) {
	live, _ := h.alive(s.ID)
	store := h.Networks()
	lock, err := store.Lock(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := h.pull(s.ID, n, live.Ports, made); err != nil { // a tutor that was killed has come halfway
		return err
	}
	has, err := store.Of(s.ID)
	if err != nil {
		return err
	}
	i := freeInterface(has)
	l, err := store.Lend(n, w, networks.Lease{Container: s.ID, Name: s.Name, Interface: fmt.Sprintf("eth%d", i), Outside: outside(s.ID, i)}, true)
	if err != nil {
		return hintFull(err)
	}
	if err = h.up([]networks.Network{n}, "", made); err == nil {
		err = h.unplugged([]networks.Lease{l}, made)
	}
	if err == nil {
		err = h.lay(live.PID, n, l, has, i, len(live.Ports) > 0, made)
	}
	if err == nil {
		err = h.publish(s.ID, live.Ports, made)
	}
	if err != nil {
		return errors.Join(err, h.unplugged([]networks.Lease{l}, made), h.giveBack([]networks.Lease{l}, made))
	}
	return nil
}

// lay is the cable itself, and the way out by it if there is none yet.
func (h Home) lay(pid int, n networks.Network, l networks.Lease, has []networks.Lease, i int, published bool, made Made) error {
	on, err := h.on(has)
	if err != nil {
		return err
	}
	known := &sys.Result{Name: "pid"}
	known.Give(pid)
	e := endpoint(h.net(n), l, i, n)
	ipv4, ipv6 := reachable(append(on, n), append(has, l))
	e.Routes = ways(n, l, ipv4, ipv6)
	wire := network.NewWire(known, e)
	return carryOut(program.Of(network.Cable(wire), network.Hairpin(wire, published), network.StepIn(wire), network.Address(wire), network.Route(wire), network.StepOut(wire)), made)
}

// freeInterface is the number of the first ethN that the container has not.
func freeInterface(has []networks.Lease) int {
	for i := 0; ; i++ {
		if !slices.ContainsFunc(has, func(l networks.Lease) bool { return l.Interface == fmt.Sprintf("eth%d", i) }) {
			return i
		}
	}
}

// Unplug takes a container off a network: at once if it runs, and for its next start.
func (h Home) Unplug(ctx context.Context, s State, name string, made Made) error {
	turn, err := h.turn(ctx, s.ID)
	if err != nil {
		return err
	}
	defer turn.Close()
	r, err := h.recipe(s.ID)
	if err != nil {
		return err
	}
	n, err := h.network(name)
	if builtIn, there := h.Networks().FindBuiltIn(name); there && errors.Is(err, networks.ErrNotFound) {
		n, err = builtIn, nil
		if r.Options.Network == n.Name {
			err = stays(n)
		}
	}
	if err != nil {
		return err
	}
	if !r.Options.on(n) {
		return fmt.Errorf("container %s is not connected to network %s", s.ID, n.Name)
	}
	if _, runs := h.alive(s.ID); runs {
		if err := h.unplug(ctx, s, n, made); err != nil {
			return err
		}
	}
	r.Options.Networks = slices.DeleteFunc(r.Options.wishes(), wishFor(n))
	if len(r.Options.Networks) > 0 {
		r.Options.Network = r.Options.Networks[0].Network
	}
	return errors.Join(h.keepRecipe(s, r), h.tellNames(s.ID))
}

func (h Home) unplug(ctx context.Context, s State, n networks.Network, made Made) error {
	lock, err := h.Networks().Lock(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	return h.off(s.ID, n, made)
}

// off is unplug, under the lock.
func (h Home) off(id string, n networks.Network, made Made) error {
	live, runs := h.alive(id)
	if err := h.pull(id, n, live.Ports, made); err != nil || !runs || h.Networks().Idle() {
		return err
	}
	return errors.Join(h.wayOut(id, live.PID, made), h.publish(id, live.Ports, made))
}

// pull takes the container's cable to a network away, if it has one.
func (h Home) pull(id string, n networks.Network, published []ports.Port, made Made) error {
	leases, err := h.Networks().Leases(n)
	if err != nil {
		return err
	}
	for _, l := range leases {
		if l.Container != id {
			continue
		}
		if err := h.retract(id, published, l.Address); err != nil {
			return err
		}
		if err := carryOut(program.Of(network.Unplug(network.Endpoint{Outside: l.Outside})), made); err != nil {
			return err
		}
		if err := h.giveBack([]networks.Lease{l}, made); err != nil {
			return err
		}
	}
	return nil
}

// wayOut gives the container the routes by another network, if those that it had have gone with the cable.
func (h Home) wayOut(id string, pid int, made Made) error {
	leases, err := h.Networks().Of(id)
	if err != nil {
		return err
	}
	on, err := h.on(leases)
	if err != nil {
		return err
	}
	ipv4, ipv6 := reachable(on, leases)
	for i, l := range leases {
		known := &sys.Result{Name: "pid"}
		known.Give(pid)
		e := endpoint(h.net(on[i]), l, i, on[i])
		if e.Routes = ways(on[i], l, ipv4, ipv6); len(e.Routes) == 0 {
			continue
		}
		wire := network.NewWire(known, e)
		if err := carryOut(program.Of(network.StepIn(wire), network.Route(wire), network.StepOut(wire)), made); err != nil {
			return err
		}
	}
	return nil
}
