// Package guest is tutor where there is no Linux kernel to ask: on macOS and Windows it hands the command line, the
// terminal and the exit status to the tutor in the virtual machine that the Vagrantfile describes.
package guest

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/term"
)

const (
	statusOurs = 125 // Docker's: the fault is ours, the command never ran
	machine    = "the virtual machine"
)

// A Guest is the virtual machine, seen from the computer around it.
type Guest struct {
	Checkout string // the folder of the Vagrantfile, which the machine has as /vagrant
	Dir      string // where the command was typed
	Windows  bool   // paths have drives and backslashes
}

// Main is all that tutor does here. It returns the exit status.
func Main(args []string) int {
	if os.Geteuid() == 0 && os.Getenv("SUDO_USER") != "" {
		// Vagrant's machines belong to who made them: root would be asked to make a second one.
		return fail("root has no virtual machine", "without sudo: inside the machine tutor is root already")
	}
	dir, err := os.Getwd()
	if err != nil {
		return fail(err.Error(), "")
	}
	checkout, found := find(dir)
	if !found {
		return fail("no checkout of tutor here, and so no Vagrantfile", "cd into the checkout, or set TUTOR_CHECKOUT to its folder")
	}
	return Guest{Checkout: checkout, Dir: dir, Windows: runtime.GOOS == "windows"}.Run(args)
}

// find is the checkout: what TUTOR_CHECKOUT says, else the one around dir, else the one around this program.
func find(dir string) (string, bool) {
	if said := os.Getenv("TUTOR_CHECKOUT"); said != "" {
		said, err := filepath.Abs(said)
		return said, err == nil && isCheckout(said)
	}
	self, _ := os.Executable()
	for _, start := range []string{dir, filepath.Dir(self)} {
		for at := start; ; at = filepath.Dir(at) {
			if isCheckout(at) {
				return at, true
			}
			if at == filepath.Dir(at) {
				break
			}
		}
	}
	return "", false
}

// isCheckout looks for two files, because a student's own project may well have a Vagrantfile.
func isCheckout(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "Vagrantfile"))
	_, errs := os.Stat(filepath.Join(dir, "vagrant", "provision.sh"))
	return err == nil && errs == nil
}

// Run hands one command line over. The machine is taken to be up: asking first would cost every command the two
// seconds that Vagrant needs to say so. Only a status by which Vagrant may have meant "not running" is looked into.
func (g Guest) Run(args []string) int {
	for _, hint := range portHints(args, forwarded()) {
		fmt.Fprintln(os.Stderr, "tutor: hint:", hint)
	}
	id := strconv.FormatUint(rand.Uint64(), 36)
	line, at := g.line(id, args), terminal(args)
	status, err := g.call(id, line, at)
	if errors.Is(err, exec.ErrNotFound) {
		return fail("vagrant: not found", "docs/classroom.md says what to install")
	}
	if err != nil {
		return fail(err.Error(), "")
	}
	if !slices.Contains([]int{1, 255}, status) { // Vagrant's own failure; ssh's
		return status
	}
	if state := g.state(); !slices.Contains([]string{"running", "started"}, state) { // UTM says started
		return g.start(state, id, line, at)
	}
	return status
}

// start asks, boots the machine and runs the line again, which has not run yet.
func (g Guest) start(state, id, line, at string) int {
	down := fmt.Sprintf("%s is not running (%s)", machine, state)
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return fail(down, "vagrant up")
	}
	fmt.Fprintf(os.Stderr, "tutor: %s. Start it? [Y/n] ", down)
	answer, err := bufio.NewReader(os.Stdin).ReadString('\n') // a terminal gives a line at a time: nothing is lost
	if answer = strings.ToLower(strings.TrimSpace(answer)); err != nil || !slices.Contains([]string{"", "y", "yes"}, answer) {
		return fail(down, "vagrant up")
	}
	up := g.vagrant("up")
	// The command's output stays alone. Some providers ask something: for a switch, for the password of a share.
	up.Stdin, up.Stdout, up.Stderr = os.Stdin, os.Stderr, os.Stderr
	if err := up.Run(); err != nil {
		return fail(fmt.Sprintf("vagrant up: %v", err), "docs/classroom.md has a table of what goes wrong")
	}
	status, err := g.call(id, line, at)
	if err != nil {
		return fail(err.Error(), "")
	}
	return status
}

// state is the machine's, in its provider's words; "unknown" when Vagrant cannot say.
func (g Guest) state() string {
	out, _ := g.vagrant("status", "--machine-readable").Output()
	for line := range strings.Lines(string(out)) { // 1700000000,default,state,poweroff
		if fields := strings.Split(strings.TrimSpace(line), ","); len(fields) == 4 && fields[2] == "state" {
			return fields[3]
		}
	}
	return "unknown"
}

func (g Guest) vagrant(args ...string) *exec.Cmd {
	cmd := exec.Command("vagrant", args...)
	cmd.Dir = g.Checkout
	cmd.Env = append(os.Environ(), "VAGRANT_CHECKPOINT_DISABLE=1") // it would ask for newer versions, for ten seconds in a room without a network
	return cmd
}

func fail(what, hint string) int {
	fmt.Fprintln(os.Stderr, "tutor:", what)
	if hint != "" {
		fmt.Fprintln(os.Stderr, "tutor: hint:", hint)
	}
	return statusOurs
}
