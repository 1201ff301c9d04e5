package guest

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// vagrant runs the real one in the checkout. Its own folder is a new one: boxes and settings of the host's stay out.
func vagrant(t *testing.T, environment []string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath(args[0]); err != nil {
		t.Skipf("needs %s: make vm installs it", args[0])
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir = filepath.Join("..", "..")
	cmd.Env = append(append(os.Environ(), "VAGRANT_HOME="+t.TempDir(), "VAGRANT_CHECKPOINT_DISABLE=1", "VAGRANT_DOTFILE_PATH="+t.TempDir(),
		"TUTOR_BOX=x/y", "TUTOR_PORTS=7000 7005-7006", "TUTOR_CPUS=3", "TUTOR_MEMORY=1234"), environment...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestVagrantTakesTheVagrantfile(t *testing.T) {
	out, err := vagrant(t, nil, "vagrant", "validate", "--ignore-provider")
	require.NoError(t, err, out)
}

// VirtualBox is what most laptops have: its settings are looked at as soon as its program seems to be there.
func TestVagrantTakesTheSettingsForVirtualBox(t *testing.T) {
	bin := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(bin, "VBoxManage"), []byte("#!/bin/sh\necho 7.0.20r163906\n"), 0o755))
	out, err := vagrant(t, []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "VAGRANT_DEFAULT_PROVIDER=virtualbox"}, "vagrant", "validate")
	require.NoError(t, err, out)
}

// asVagrantReadsIt prints what the Vagrantfile comes to for each provider that Vagrant has here, a line of JSON each.
const asVagrantReadsIt = `
require "vagrant"; require "json"
file = Vagrant::Environment.new(ui_class: Vagrant::UI::Silent).vagrantfile
%i[virtualbox hyperv libvirt].each do |name|
  begin
    vm = file.machine_config(:default, name, nil, nil, false)[:config].vm
  rescue Vagrant::Errors::ProviderNotFound
    next
  end
  own = vm.get_provider_config(name)
  puts JSON.generate(provider: name, box: vm.box, cpus: own.cpus, memory: own.memory,
    faults: own._detected_errors, sync: vm.synced_folders["/vagrant"][:type].to_s,
    ports: vm.networks.map { |_, net| "#{net[:host_ip]}:#{net[:host]}:#{net[:guest]}" unless net[:id] == "ssh" }.compact)
end`

func TestTheSettingsReachTheMachine(t *testing.T) {
	for _, set := range []struct {
		environment []string
		sync        map[string]string // of each provider; "" is the provider's own way
		ports       int
	}{
		{nil, map[string]string{"libvirt": "rsync"}, 3},
		{[]string{"TUTOR_SYNC=rsync", "TUTOR_PORTS=" + Ports}, map[string]string{"libvirt": "rsync", "virtualbox": "rsync", "hyperv": "rsync"}, 8},
	} {
		out, err := vagrant(t, set.environment, "ruby", "-e", asVagrantReadsIt)
		if strings.Contains(out, "cannot load such file -- vagrant") {
			t.Skip("needs vagrant as a library of ruby's: make vm installs it")
		}
		require.NoError(t, err, out)
		read := 0
		for line := range strings.Lines(out) {
			var got struct {
				Provider, Box, Sync string
				CPUs, Memory        int
				Faults, Ports       []string
			}
			if json.Unmarshal([]byte(line), &got) != nil {
				continue // a warning of ruby's
			}
			read++
			require.Equal(t, []any{"x/y", 3, 1234, set.sync[got.Provider]}, []any{got.Box, got.CPUs, got.Memory, got.Sync}, line)
			require.Empty(t, got.Faults, "a misspelt setting")
			require.Len(t, got.Ports, set.ports)
			for _, port := range got.Ports {
				require.True(t, strings.HasPrefix(port, "127.0.0.1:"), "%s: nobody else in the room is let in", port)
			}
		}
		require.GreaterOrEqual(t, read, 2, "%s", out)
	}
}
