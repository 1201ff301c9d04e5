package main_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// An engine starts a container on a network with a published port; all of them on machines of their own.
type engine struct {
	name  string
	place place
	run   func(args ...string) *exec.Cmd // "run", …
	image string
	also  []string // flags of run that it needs
}

func (e engine) start(args ...string) *exec.Cmd {
	return e.run(slices.Concat([]string{"run"}, e.also, args)...)
}

// TestNetworksAreFast compares, in one run and as ratios, what a network and a port add to a start of tutor, the same start by
// podman and docker, and how much gets through a published port. `make bench` runs it.
func TestNetworksAreFast(t *testing.T) {
	if os.Getenv("TUTOR_BENCH") == "" {
		t.Skip("make bench runs it")
	}
	ours := newMachine(t, "tutor")
	ours.sh(anAddress)
	ours.ok("run", "-d", "--name", "first", "tutor/lab", "sleep", "100000") // the firewall and the bridge are there
	archive := filepath.Join(t.TempDir(), "lab.tar")
	ours.ok("save", "-o", archive, "tutor/lab")
	engines := []engine{{name: "tutor", place: ours.place, run: ours.tutor, image: "tutor/lab"}}
	for name, start := range map[string]func(*testing.T, place, string) engine{"docker": dockerAt, "podman": podmanAt} {
		if _, err := exec.LookPath(name); err != nil {
			fmt.Printf("%-16s left out: not here\n", name)
			continue
		}
		engines = append(engines, start(t, machineOf(t, name), archive))
	}
	starts(t, engines)
	throughput(t, engines)
}

const anAddress = "ip link add eth0 type bridge && ip addr add " + hostAddress + "/24 dev eth0 && ip link set eth0 up"

// machineOf is one with an address.
func machineOf(t *testing.T, name string) place {
	p := newPlace(t, name)
	p.sh(anAddress)
	return p
}

func dockerAt(t *testing.T, p place, archive string) engine {
	env := dockerdBy(t, func(name string, args ...string) *exec.Cmd { return p.command(append([]string{name}, args...)...) })
	return loaded(t, p, "docker", archive, env)
}

func podmanAt(t *testing.T, p place, archive string) engine {
	dir := t.TempDir()
	e := loaded(t, p, "podman", archive, os.Environ(), "--root", dir+"/root", "--runroot", dir+"/run", "--cgroup-manager", "cgroupfs", "--log-level", "error")
	e.also = []string{"--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"} // else it raises limits, and needs CAP_SYS_RESOURCE
	return e
}

// loaded is an engine that has the image.
func loaded(t *testing.T, p place, name, archive string, env []string, flags ...string) engine {
	e := engine{name: name, place: p, image: "docker.io/tutor/lab", run: func(args ...string) *exec.Cmd {
		cmd := p.command(append(append([]string{name}, flags...), args...)...)
		cmd.Env = env
		return cmd
	}}
	out, err := e.run("load", "-i", archive).CombinedOutput()
	require.NoError(t, err, string(out))
	t.Cleanup(func() { e.run("rm", "-f", "stream-"+name).Run() })
	return e
}

// starts takes turns: whatever else the machine does, it does to all.
func starts(t *testing.T, engines []engine) {
	times := map[string][]time.Duration{}
	measure := func(name string, cmd *exec.Cmd) {
		start := time.Now()
		out, err := cmd.CombinedOutput()
		took := time.Since(start)
		require.NoError(t, err, "%s: %s", name, out)
		times[name] = append(times[name], took)
	}
	for round := range 22 {
		for _, e := range engines {
			if round%3 == 0 || e.name == "tutor" {
				measure(e.name, e.start("--rm", "-p", "8080:80", e.image, "true"))
			}
		}
		for range 2 {
			measure("tutor, no network", engines[0].run("run", "--rm", "--network", "none", "tutor/lab", "true"))
			measure("tutor", engines[0].run("run", "--rm", "-p", "8080:80", "tutor/lab", "true"))
		}
	}
	median := func(name string) time.Duration { slices.Sort(times[name]); return times[name][len(times[name])/2] }
	mine, alone := median("tutor"), median("tutor, no network")
	fmt.Printf("a bridge and a port add %.1f ms to a start of %.1f ms\n", ms(mine-alone), ms(alone))
	for _, e := range engines[1:] {
		fmt.Printf("%-16s median %7.1f ms   tutor takes %.3f of it\n", e.name+" run -p", ms(median(e.name)), float64(mine)/float64(median(e.name)))
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// throughput is one stream from a published port, by turns.
func throughput(t *testing.T, engines []engine) {
	rates := map[string][]float64{}
	for _, e := range engines {
		name := "stream-" + e.name
		out, err := e.start("-d", "--name", name, "-p", "9000:9000", e.image, "sh", "-c", "while :; do nc -l -p 9000 < /dev/zero > /dev/null; done").CombinedOutput()
		require.NoError(t, err, string(out))
	}
	for range 5 {
		for _, e := range engines {
			for _, at := range []string{"127.0.0.1:9000", hostAddress + ":9000"} {
				rates[e.name+at] = append(rates[e.name+at], stream(t, e.place, at))
			}
		}
	}
	for _, e := range engines {
		for _, at := range []string{"127.0.0.1:9000", hostAddress + ":9000"} {
			mine, theirs := rates["tutor"+at], rates[e.name+at]
			slices.Sort(mine)
			slices.Sort(theirs)
			fmt.Printf("%-8s one stream from %-15s %6.2f GB/s   tutor has %.2f of it\n", e.name, at, theirs[2]/1e9, mine[2]/theirs[2])
		}
	}
}

// stream reads for a second, in bytes a second.
func stream(t *testing.T, p place, at string) float64 {
	var conn net.Conn
	eventually(t, at+" talks", func() (talks bool) {
		var err error
		if conn, err = p.dial(context.Background(), "tcp", at); err != nil {
			return false
		}
		conn.SetReadDeadline(time.Now().Add(time.Second))
		if _, err = conn.Read(make([]byte, 1)); err != nil {
			conn.Close()
		}
		return err == nil
	})
	defer conn.Close()
	start := time.Now()
	conn.SetReadDeadline(start.Add(time.Second))
	n, _ := io.Copy(io.Discard, onlyReads{conn})
	return float64(n) / time.Since(start).Seconds()
}

type onlyReads struct{ io.Reader }
