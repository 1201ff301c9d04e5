//go:build linux

package main

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"tutor/runtime/filters"
	"tutor/runtime/networks"
)

// A networkRow is one line, with the names that Docker's templates use.
type networkRow struct {
	CreatedAt, Driver, ID, IPv4, IPv6, Internal, Labels, Name, Scope string

	labelled
}

var networkHeadings = networkRow{CreatedAt: "CREATED AT", Driver: "DRIVER", ID: "NETWORK ID", IPv4: "IPV4", IPv6: "IPV6", Internal: "INTERNAL",
	Labels: "LABELS", Name: "NAME", Scope: "SCOPE"}

func newNetworkLs(c *cli) *cobra.Command {
	var quiet, whole bool
	var format string
	var words []string
	command := &cobra.Command{
		Use:     "ls [OPTIONS]",
		Aliases: []string{"list"},
		Short:   "List networks",
		Example: "  tutor network ls\n  tutor network ls -q --filter name=lab\n  tutor network ls --format '{{.Name}} {{.Driver}}'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := filters.Parse(words, "driver", "id", "label", "name", "scope", "type")
			if err != nil {
				return err
			}
			all, err := c.home().NetworkList(cmd.Context())
			if err != nil {
				return err
			}
			slices.SortFunc(all, func(a, b networks.Network) int { return strings.Compare(a.Name, b.Name) })
			var rows []networkRow
			for _, n := range all {
				if networkFits(n, f) {
					rows = append(rows, rowOf(n, whole))
				}
			}
			if quiet && format == "" {
				format = "{{.ID}}"
			}
			return printRows(c.Out, format, `{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}`, networkHeadings, rows)
		},
	}
	flags := command.Flags()
	flags.BoolVarP(&quiet, "quiet", "q", false, "Only display network IDs")
	flags.BoolVar(&whole, "no-trunc", false, "Do not truncate the output")
	flags.VarP((*list)(&words), "filter", "f", "Provide filter values: driver=bridge, id=PART, label=KEY[=VALUE], name=PART, type=custom")
	flags.StringVar(&format, "format", "", "a Go template, 'table' with a template, or json")
	return command
}

func rowOf(n networks.Network, whole bool) networkRow {
	r := networkRow{CreatedAt: n.Created.Local().Format("2006-01-02 15:04:05.999999999 -0700 MST"), Driver: n.Driver(), ID: n.ID, Name: n.Name, Scope: "local",
		IPv4: "true", IPv6: strconv.FormatBool(n.Subnet6.IsValid()), Internal: strconv.FormatBool(n.Internal), Labels: labelWords(n.Labels), labelled: n.Labels}
	if !whole {
		r.ID = n.ID[:12]
	}
	return r
}

func networkFits(n networks.Network, f filters.Filters) bool {
	return f.Labels(n.Labels) &&
		f.Fit("driver", func(v string) bool { return n.Driver() == v }) &&
		f.Fit("id", func(v string) bool { return strings.HasPrefix(n.ID, v) }) &&
		f.Fit("name", func(v string) bool { return matches(v, n.Name) }) &&
		f.Fit("scope", func(v string) bool { return v == "local" }) &&
		f.Fit("type", func(v string) bool { return (v == "builtin") == slices.Contains(networks.Predefined, n.Name) })
}

// A networkDetails is what `network inspect` says, in Docker's words.
type networkDetails struct {
	Name       string
	ID         string `json:"Id"`
	Created    time.Time
	Scope      string
	Driver     string
	EnableIPv4 bool
	EnableIPv6 bool
	IPAM       struct {
		Driver  string
		Options map[string]string
		Config  []map[string]string
	}
	Internal   bool
	Attachable bool // this and the next three are of a swarm's networks: never here
	Ingress    bool
	ConfigFrom struct{ Network string }
	ConfigOnly bool
	Containers map[string]map[string]string
	Options    map[string]string
	Labels     map[string]string
}

func newNetworkInspect(c *cli) *cobra.Command {
	return c.inspecting(&cobra.Command{
		Use:               "inspect [OPTIONS] NETWORK [NETWORK...]",
		Short:             "Display detailed information on one or more networks",
		Example:           "  tutor network inspect lab\n  tutor network inspect -f '{{range .Containers}}{{.Name}} {{.IPv4Address}}{{end}}' lab",
		ValidArgsFunction: c.completeNetworks,
	}, c.inspectNetwork)
}

func (c *cli) inspectNetwork(ctx context.Context, name string) (any, error) {
	n, err := c.home().Network(ctx, name)
	if err != nil {
		return nil, err
	}
	return c.networkDetails(n)
}

func (c *cli) networkDetails(n networks.Network) (networkDetails, error) {
	store := c.home().Networks()
	d := networkDetails{Name: n.Name, ID: n.ID, Created: n.Created, Scope: "local", Driver: n.Driver(), EnableIPv4: n.Subnet.IsValid(), EnableIPv6: n.Subnet6.IsValid(),
		Internal: n.Internal, Containers: map[string]map[string]string{}, Options: map[string]string{}, Labels: n.Labels}
	d.IPAM.Driver, d.IPAM.Config = "default", []map[string]string{}
	if d.Labels == nil {
		d.Labels = map[string]string{}
	}
	if !n.Subnet.IsValid() {
		return d, nil
	}
	d.Options["com.docker.network.bridge.name"] = store.Bridge(n)
	d.IPAM.Config = append(d.IPAM.Config, map[string]string{"Subnet": n.Subnet.String(), "Gateway": n.Gateway.String()})
	if n.Subnet6.IsValid() {
		d.IPAM.Config = append(d.IPAM.Config, map[string]string{"Subnet": n.Subnet6.String(), "Gateway": n.Gateway6.String()})
	}
	leases, err := store.Leases(n)
	for _, l := range leases {
		one := map[string]string{"Name": l.Name, "EndpointID": l.ID(), "MacAddress": net.HardwareAddr(l.MAC).String(),
			"IPv4Address": netip.PrefixFrom(l.Address, n.Subnet.Bits()).String(), "IPv6Address": ""}
		if l.Address6.IsValid() {
			one["IPv6Address"] = netip.PrefixFrom(l.Address6, n.Subnet6.Bits()).String()
		}
		d.Containers[l.Container] = one
	}
	return d, err
}
