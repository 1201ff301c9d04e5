//go:build linux

package main

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/docker/go-units"

	"tutor/runtime/image"
	"tutor/runtime/registry"
)

// greet prints what is served, to whom, and what a student types. It is written before the first request can
// come in.
func (c *cli) greet(ctx context.Context, at *net.TCPAddr, s *registry.Server) error {
	entries, err := s.Shelf.Entries()
	if err != nil {
		return err
	}
	addresses := reachable(at)
	here := "http://" + addresses[0]
	fmt.Fprintf(c.Out, "A registry at %s%s\n", here, audience(at, addresses))
	w := tabwriter.NewWriter(c.Out, 0, 1, 3, ' ', 0)
	for _, e := range entries {
		fmt.Fprintf(w, "  %s\t%s\n", servedAs(e.Ref), e.Platform)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if err := c.greetCache(ctx, s, len(entries)); err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "A student types:\n  sudo TUTOR_REGISTRY_MIRRORS=%s tutor pull python\n", here)
	fmt.Fprintf(c.Out, "For docker, in /etc/docker/daemon.json:\n  {\"registry-mirrors\": [\"%s\"]}\nCtrl-C ends it.\n", here)
	return nil
}

// greetCache says where the rest comes from.
func (c *cli) greetCache(ctx context.Context, s *registry.Server, entries int) error {
	if s.Cache == nil && entries == 0 {
		fmt.Fprintln(c.Out, "  nothing yet: 'tutor pull python' brings an image, --cache serves all of Docker Hub")
	}
	if s.Cache == nil {
		return nil
	}
	_, size, err := registry.Usage(c.cacheDir())
	if err != nil {
		return err
	}
	fmt.Fprintf(c.Out, "and whatever else Docker Hub has, kept in %s (now %s)\n", c.cacheDir(),
		units.HumanSizeWithPrecision(float64(size), 3))
	if user := image.HubUser(ctx); user != "" {
		fmt.Fprintf(c.Out, "WARNING: Docker Hub is asked as %s, who may see private images: so may whoever reaches this address.\n"+
			"  To ask as nobody: sudo DOCKER_CONFIG=/nowhere tutor registry serve …\n", user)
	}
	return nil
}

// servedAs is what a client asks for: library/python:latest.
func servedAs(ref image.Reference) string {
	name := registry.Name(ref)
	switch {
	case ref.Digest != "":
		return name + "@" + ref.Digest[:19]
	case !ref.OnHub() && strings.Contains(ref.Domain, ":"):
		return name + ":" + ref.Tag + " (to containerd only)"
	}
	return name + ":" + ref.Tag
}

// reachable lists HOST:PORT by which others find us, best first.
func reachable(at *net.TCPAddr) []string {
	port := strconv.Itoa(at.Port)
	if !at.IP.IsUnspecified() {
		return []string{net.JoinHostPort(at.IP.String(), port)}
	}
	var found []string
	addresses, _ := net.InterfaceAddrs()
	for _, a := range addresses {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && prefix.Addr().Is4() && prefix.Addr().IsGlobalUnicast() {
			found = append(found, net.JoinHostPort(prefix.Addr().String(), port))
		}
	}
	if usual := net.JoinHostPort(outward(), port); slices.Contains(found, usual) {
		found = slices.Insert(slices.DeleteFunc(found, func(s string) bool { return s == usual }), 0, usual)
	}
	return append(found, net.JoinHostPort("127.0.0.1", port))
}

// outward is our address on the way to the world: a machine with containers has many others. Connecting a
// datagram socket sends nothing; it only asks the kernel for the route.
func outward() string {
	conn, err := net.Dial("udp4", "192.0.2.1:9")
	if err != nil {
		return ""
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).IP.String()
}

// audience says who is meant to reach it.
func audience(at *net.TCPAddr, addresses []string) string {
	switch {
	case at.IP.IsLoopback():
		return ", for this machine only: --listen :" + strconv.Itoa(at.Port) + " opens it to the class"
	case len(addresses) > 1:
		return ", also at " + strings.Join(addresses[1:], ", ")
	}
	return ""
}
