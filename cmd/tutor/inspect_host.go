//go:build linux

package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"tutor/runtime/container"
)

// hostDetails is what was asked of the machine, in Docker's words. What tutor never gives is said to be off.
type hostDetails struct {
	NetworkMode     string
	PortBindings    map[string][]map[string]string // "80/tcp"
	PublishAllPorts bool
	RestartPolicy   map[string]any
	AutoRemove      bool
	Privileged      bool
	Binds           []string
	Tmpfs           map[string]string `json:",omitempty"`
	ShmSize         int64
	CapAdd          []string
	CapDrop         []string
	SecurityOpt     []string
	ReadonlyRootfs  bool
	DNS             []string `json:"Dns"`
	DNSOptions      []string `json:"DnsOptions"`
	DNSSearch       []string `json:"DnsSearch"`
	ExtraHosts      []string
	GroupAdd        []string
	Sysctls         map[string]string `json:",omitempty"`
	Ulimits         []ulimitDetails
	Memory          int64
	MemorySwap      int64
	NanoCPUs        int64 `json:"NanoCpus"`
	CPUQuota        int64 `json:"CpuQuota"`
	CPUPeriod       int64 `json:"CpuPeriod"`
	CPUShares       int64 `json:"CpuShares"`
	CpusetCpus      string
	PidsLimit       int64
	Init            bool
	LogConfig       logDetails
}

type ulimitDetails struct {
	Name       string
	Hard, Soft int64
}

type logDetails struct {
	Type   string
	Config map[string]string
}

func hostConfig(o container.Options) hostDetails {
	d := hostDetails{NetworkMode: o.Network, PortBindings: map[string][]map[string]string{}, PublishAllPorts: o.PublishAll,
		RestartPolicy: map[string]any{"Name": "no", "MaximumRetryCount": 0}, AutoRemove: o.Remove, CapAdd: o.CapAdd, CapDrop: o.CapDrop,
		ReadonlyRootfs: o.ReadOnly, DNSOptions: o.DNSOptions, DNSSearch: o.DNSSearch, ExtraHosts: o.ExtraHosts, GroupAdd: o.GroupAdd, Sysctls: o.Sysctls,
		ShmSize: cmp.Or(o.ShmSize, 64<<20), Init: o.Init, LogConfig: logConfig(o.Log)}
	for _, p := range o.Ports {
		name, host := fmt.Sprintf("%d/%s", p.Container, p.Protocol), map[string]string{"HostIp": "", "HostPort": ""}
		if p.IP.IsValid() {
			host["HostIp"] = p.IP.String()
		}
		if p.Host != 0 {
			host["HostPort"] = fmt.Sprint(p.Host)
		}
		d.PortBindings[name] = append(d.PortBindings[name], host)
	}
	for _, server := range o.DNS {
		d.DNS = append(d.DNS, server.String())
	}
	if o.NoNewPrivs {
		d.SecurityOpt = append(d.SecurityOpt, "no-new-privileges")
	}
	if o.Seccomp != "" {
		d.SecurityOpt = append(d.SecurityOpt, "seccomp="+o.Seccomp)
	}
	for _, u := range o.Ulimits {
		d.Ulimits = append(d.Ulimits, ulimitDetails{strings.ToLower(strings.TrimPrefix(u.Type, "RLIMIT_")), int64(u.Hard), int64(u.Soft)})
	}
	d.mounts(o.Mounts)
	d.limits(o.Resources)
	return d
}

// mounts are the directories of the host, and those in memory.
func (d *hostDetails) mounts(list []specs.Mount) {
	for _, m := range list {
		switch m.Type {
		case "bind":
			bind := m.Source + ":" + m.Destination
			if slices.Contains(m.Options, "ro") {
				bind += ":ro"
			}
			d.Binds = append(d.Binds, bind)
		case "tmpfs":
			if d.Tmpfs == nil {
				d.Tmpfs = map[string]string{}
			}
			own := slices.DeleteFunc(slices.Clone(m.Options), func(o string) bool { return slices.Contains([]string{"nosuid", "nodev", "noexec"}, o) })
			d.Tmpfs[m.Destination] = strings.Join(own, ",")
		}
	}
}

func (d *hostDetails) limits(r specs.LinuxResources) {
	if m := r.Memory; m != nil {
		d.Memory, d.MemorySwap = value(m.Limit), value(m.Swap)
	}
	if cpu := r.CPU; cpu != nil {
		d.CpusetCpus, d.CPUShares, d.CPUQuota, d.CPUPeriod = cpu.Cpus, int64(value(cpu.Shares)), value(cpu.Quota), int64(value(cpu.Period))
		if d.CPUQuota > 0 && d.CPUPeriod > 0 {
			d.NanoCPUs = d.CPUQuota * 1e9 / d.CPUPeriod
		}
	}
	if p := r.Pids; p != nil {
		d.PidsLimit = value(p.Limit)
	}
}

func logConfig(c container.LogConfig) logDetails {
	d := logDetails{Type: c.Driver, Config: map[string]string{}}
	if c.Driver == "" {
		d.Type = container.LogFile
	}
	if c.Size > 0 {
		d.Config["max-size"] = fmt.Sprint(c.Size)
	}
	if c.Files > 0 {
		d.Config["max-file"] = fmt.Sprint(c.Files)
	}
	return d
}

// value is what a pointer leads to, and 0 where nothing was asked for.
func value[T any](of *T) (v T) {
	if of != nil {
		v = *of
	}
	return v
}

// some is a table that a template can look into, though it is empty.
func some(table map[string]string) map[string]string {
	if table == nil {
		return map[string]string{}
	}
	return table
}
