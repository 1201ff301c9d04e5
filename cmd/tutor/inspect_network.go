//go:build linux

package main

import (
	"fmt"
	"net"

	"tutor/runtime/container"
)

// An endpointDetails is how a container is plugged into one network, with Docker's names. All of it is empty while it does not run.
type endpointDetails struct {
	Aliases             []string
	MacAddress          string
	NetworkID           string
	EndpointID          string
	Gateway             string
	IPAddress           string
	IPPrefixLen         int
	IPv6Gateway         string
	GlobalIPv6Address   string
	GlobalIPv6PrefixLen int
	DNSNames            []string
}

// networkSettings are where the container is plugged in, and where it can be reached.
func networkSettings(h container.Home, s container.Status) map[string]any {
	networks, published := map[string]endpointDetails{}, map[string]any{}
	for _, name := range s.Networks {
		networks[name] = endpointDetails{}
	}
	leases, _ := h.Networks().Of(s.ID)
	for _, l := range leases {
		n, err := h.Networks().Find(l.Network)
		if err != nil {
			continue
		}
		one := endpointDetails{NetworkID: n.ID, EndpointID: l.ID(), Aliases: l.Aliases, MacAddress: net.HardwareAddr(l.MAC).String(), Gateway: n.Gateway.String(),
			IPAddress: l.Address.String(), IPPrefixLen: n.Subnet.Bits(), DNSNames: append([]string{s.Name, s.ID[:12]}, l.Aliases...)}
		if l.Address6.IsValid() {
			one.GlobalIPv6Address, one.GlobalIPv6PrefixLen, one.IPv6Gateway = l.Address6.String(), n.Subnet6.Bits(), n.Gateway6.String()
		}
		networks[n.Name] = one
	}
	for text := range s.Config.ExposedPorts {
		published[text] = nil
	}
	for _, p := range s.Ports {
		name := fmt.Sprintf("%d/%s", p.Container, p.Protocol)
		at, _ := published[name].([]map[string]string) // one port may be published twice
		for _, where := range outside(p) {
			at = append(at, map[string]string{"HostIp": where.Addr().String(), "HostPort": fmt.Sprint(where.Port())})
		}
		published[name] = at
	}
	one := networks["bridge"]
	return map[string]any{"Networks": networks, "Ports": published,
		"IPAddress": one.IPAddress, "IPPrefixLen": one.IPPrefixLen, "Gateway": one.Gateway, "MacAddress": one.MacAddress}
}
