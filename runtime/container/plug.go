package container

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"tutor/runtime/network"
	"tutor/runtime/networks"
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
	n, err := h.network(w.Network, true)
	if err != nil {
		return err
	}
	w.Network = n.Name
	if !r.Options.plugged() {
		return Hint(fmt.Errorf("container cannot be connected to a network: it runs with --network %s", r.Options.Network), "run it again with --network "+n.Name)
	}
	wishes := r.Options.wishes()
	if slices.ContainsFunc(wishes, func(other networks.Wish) bool { return other.Network == n.Name || other.Network == n.ID }) {
		return fmt.Errorf("endpoint with name %s already exists in network %s", s.Name, n.Name)
	}
	if _, runs := h.alive(s.ID); runs {
		if err := h.plug(ctx, s, n, w, made); err != nil {
			return err
		}
	}
	r.Options.Networks = append(wishes, w)
	return errors.Join(h.keepRecipe(s, r), h.askTutor(s.ID))
}

// askTutor has a container that runs look for names where there are some now. The file is the one that it sees.
func (h Home) askTutor(id string) error {
	c, err := h.Open(id)
	if _, runs := h.alive(id); err != nil || !runs || !c.Options.named() {
		return err
	}
	return os.WriteFile(filepath.Join(h.Dir(id), "resolv.conf"), []byte(c.resolv()), 0o644)
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
	has, err := store.Of(s.ID)
	if err != nil {
		return err
	}
	i := freeInterface(has)
	l, err := store.Lend(n, w, networks.Lease{Container: s.ID, Name: s.Name, Interface: fmt.Sprintf("eth%d", i), Outside: outside(s.ID, i)}, true)
	if err != nil {
		return err
	}
	pid := &sys.Result{Name: "pid"}
	pid.Give(live.PID)
	e := endpoint(h.net(n), l, i, n)
	if len(has) == 0 && !n.Internal {
		e.Routes = append(e.Routes, n.Gateway)
	}
	wire := network.NewWire(pid, e)
	err = h.up([]networks.Network{n}, made)
	if err == nil {
		err = carryOut(program.Of(network.Cable(wire), network.StepIn(wire), network.Address(wire), network.Route(wire), network.StepOut(wire)), made)
	}
	if err != nil {
		return errors.Join(err, store.Return(l))
	}
	return nil
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
	n, err := h.network(name, true)
	if err != nil {
		return err
	}
	on := func(w networks.Wish) bool { return w.Network == n.Name || w.Network == n.ID }
	wishes := r.Options.wishes()
	if !r.Options.plugged() || !slices.ContainsFunc(wishes, on) {
		return fmt.Errorf("container %s is not connected to network %s", s.ID, n.Name)
	}
	if _, runs := h.alive(s.ID); runs {
		if err := h.unplug(ctx, s, n, made); err != nil {
			return err
		}
	}
	if r.Options.Networks = slices.DeleteFunc(wishes, on); len(r.Options.Networks) == 0 {
		r.Options.Network = "none"
	} else {
		r.Options.Network = r.Options.Networks[0].Network
	}
	return h.keepRecipe(s, r)
}

func (h Home) unplug(ctx context.Context, s State, n networks.Network, made Made) error {
	live, _ := h.alive(s.ID)
	store := h.Networks()
	lock, err := store.Lock(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	leases, err := store.Leases(n)
	if err != nil {
		return err
	}
	for _, l := range leases {
		if l.Container != s.ID {
			continue
		}
		if err := h.retract(s.ID, live.Ports, l.Address); err != nil {
			return err
		}
		if err := carryOut(program.Of(network.Unplug(network.Endpoint{Outside: l.Outside})), made); err != nil {
			return err
		}
		if err := store.Return(l); err != nil {
			return err
		}
	}
	if store.Idle() {
		return h.down(made)
	}
	return h.wayOut(s.ID, live.PID, made)
}

// wayOut gives the container the route by another network, if the one that it had has gone with the cable.
func (h Home) wayOut(id string, pid int, made Made) error {
	leases, err := h.Networks().Of(id)
	if err != nil {
		return err
	}
	for _, l := range leases {
		n, err := h.Networks().Find(l.Network)
		if err != nil || n.Internal {
			continue
		}
		known := &sys.Result{Name: "pid"}
		known.Give(pid)
		e := endpoint(h.net(n), l, 0, n)
		e.Routes = []netip.Addr{n.Gateway}
		wire := network.NewWire(known, e)
		err = carryOut(program.Of(network.StepIn(wire), network.Route(wire), network.StepOut(wire)), made)
		if errors.Is(err, unix.EEXIST) {
			return nil // it has one
		}
		return err
	}
	return nil
}

// recipe reads what the container is made of.
func (h Home) recipe(id string) (r recipe, err error) {
	path := filepath.Join(h.Dir(id), "create.json")
	content, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(content, &r); err != nil {
		return r, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

func (h Home) keepRecipe(s State, r recipe) error {
	return errors.Join(writeJSON(filepath.Join(h.Dir(s.ID), "create.json"), r), h.changing(func() error {
		now, err := h.Load(s.ID)
		if err != nil {
			return err
		}
		now.Network, now.Networks = r.Options.Network, r.Options.networkNames()
		return h.save(now)
	}))
}

// NetworkCreate makes a network, and its bridge.
func (h Home) NetworkCreate(ctx context.Context, n networks.Network, made Made) (networks.Network, error) {
	store := h.Networks()
	lock, err := store.Lock(ctx)
	if err != nil {
		return n, err
	}
	defer lock.Close()
	if n, err = store.Create(n, occupied()); err != nil {
		return n, err
	}
	if err := carryOut(program.Of(network.Bridge(h.net(n)), network.Localnet(h.net(n))), made); err != nil {
		return n, errors.Join(err, store.Remove(n))
	}
	return n, h.known(n, made)
}

// known tells the firewall of a new network, if there is one: else the first container will.
func (h Home) known(n networks.Network, made Made) error {
	if h.Networks().Idle() {
		return nil
	}
	return carryOut(program.Of(network.Join(h.net(n))), made)
}

// NetworkRemove takes a network away that nobody is on.
func (h Home) NetworkRemove(ctx context.Context, name string, made Made) error {
	if slices.Contains(networks.Predefined, name) {
		return fmt.Errorf("%s is a pre-defined network and cannot be removed", name)
	}
	if err := h.Settle(); err != nil {
		return err
	}
	store := h.Networks()
	lock, err := store.Lock(ctx)
	if err != nil {
		return err
	}
	defer lock.Close()
	n, err := store.Find(name)
	if err != nil {
		return hintNetwork(err)
	}
	if err := store.Remove(n); err != nil {
		return err
	}
	var list program.Program
	if !store.Idle() {
		list = append(list, network.Part(h.net(n)))
	}
	return carryOut(append(list, network.RemoveBridge(h.net(n))), made)
}

// NetworkPrune removes the networks that nobody is on and that fit, and returns their names.
func (h Home) NetworkPrune(ctx context.Context, fits func(networks.Network) bool) (gone []string, err error) {
	all, err := h.Networks().List()
	if err != nil {
		return nil, err
	}
	for _, n := range all {
		if n.Name == networks.Default || !fits(n) {
			continue
		}
		err := h.NetworkRemove(ctx, n.ID, nil)
		if err != nil && strings.Contains(err.Error(), "active endpoints") {
			continue
		}
		if err != nil {
			return gone, err
		}
		gone = append(gone, n.Name)
	}
	return gone, nil
}

// NetworkList is every network, those that are always there included.
func (h Home) NetworkList(ctx context.Context) ([]networks.Network, error) {
	store := h.Networks()
	lock, err := store.Lock(ctx)
	if err != nil {
		return nil, Hint(err, "run as root, or set TUTOR_ROOT and TUTOR_RUN to directories that can be written")
	}
	defer lock.Close()
	if _, err := h.network(networks.Default, true); err != nil {
		return nil, err
	}
	all, err := store.List()
	return append(all, store.BuiltIn()...), err
}
