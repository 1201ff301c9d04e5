package container

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tutor/runtime/network"
	"tutor/runtime/networks"
	"tutor/runtime/program"
)

// NetworkCreate makes a network, and its bridge.
func (h Home) NetworkCreate(ctx context.Context, n networks.Network, made Made) (networks.Network, error) {
	if slices.Contains(networks.Predefined, n.Name) || n.Name == "default" { // which --network takes for bridge
		return n, Hint(fmt.Errorf("operation is not permitted on predefined %s network", n.Name), "bridge, host and none are always there, and default means bridge; another name: tutor network create course-1")
	}
	if err := h.Settle(); err != nil { // somebody may have taken the firewall away
		return n, err
	}
	store := h.Networks()
	lock, err := store.Lock(ctx)
	if err != nil {
		return n, err
	}
	defer lock.Close()
	taken := occupied()
	if n.Subnet.IsValid() { // who chooses the addresses himself may have a reason to hide what a route leads to
		taken = addressed()
	}
	if n, err = store.Create(n, taken); err != nil {
		return n, hintTaken(err)
	}
	kernel := h.net(n)
	list := h.bridge(kernel, false)
	if !store.Idle() { // else the first container makes the firewall, and tells it of all networks
		list = append(list, network.Join(kernel))
	}
	if err := carryOut(append(list, network.On(kernel)), made); err != nil {
		return n, errors.Join(err, store.Remove(n))
	}
	return n, nil
}

// NetworkRemove takes a network away that nobody is on.
func (h Home) NetworkRemove(ctx context.Context, name string, made Made) error {
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
	if err == nil {
		name = n.Name // it may be an ID that was typed
	}
	if slices.Contains(networks.Predefined, name) {
		return Hint(fmt.Errorf("%s is a pre-defined network and cannot be removed", name), "it costs nothing: its bridge is there only while somebody is on it")
	}
	if err != nil {
		return hintNetwork(err)
	}
	if err := store.Free(n); err != nil {
		return err
	}
	var list program.Program
	if !store.Idle() {
		list = append(list, network.Part(h.net(n)))
	}
	if err := carryOut(append(list, network.RemoveBridge(h.net(n))), made); err != nil {
		return err
	}
	return store.Remove(n)
}

// NetworkPrune removes the networks that nobody is on and that fit (nil: all of them), and returns their names.
func (h Home) NetworkPrune(ctx context.Context, fits func(networks.Network) bool) (gone []string, err error) {
	all, err := h.Networks().List()
	if err != nil {
		return nil, err
	}
	for _, n := range all {
		if n.Name == networks.Default || fits != nil && !fits(n) {
			continue
		}
		err := h.NetworkRemove(ctx, n.ID, nil)
		if errors.Is(err, networks.ErrInUse) {
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
	lock, err := h.lockNetworks(ctx)
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	if _, err := h.network(networks.Default); err != nil {
		return nil, err
	}
	all, err := h.Networks().List()
	return append(all, h.Networks().BuiltIn()...), err
}

// Network is one of them, by its name, its ID, or the beginning of its ID if no other's begins so.
func (h Home) Network(ctx context.Context, name string) (networks.Network, error) {
	lock, err := h.lockNetworks(ctx)
	if err != nil {
		return networks.Network{}, err
	}
	defer lock.Close()
	n, err := h.network(name)
	if builtIn, there := h.Networks().FindBuiltIn(name); there && errors.Is(err, networks.ErrNotFound) {
		return builtIn, nil
	}
	return n, err
}

func (h Home) lockNetworks(ctx context.Context) (networks.Lock, error) {
	lock, err := h.Networks().Lock(ctx)
	return lock, Hint(err, "run as root, or set TUTOR_ROOT and TUTOR_RUN to directories that can be written")
}
