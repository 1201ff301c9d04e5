// Command tutor is a container runtime that teaches: it starts containers, and shows every system call by
// which it does so.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"tutor/labs/toolbox"
	"tutor/runtime/container"
	"tutor/runtime/image"
	"tutor/runtime/process"
)

func main() {
	if name := filepath.Base(os.Args[0]); slices.Contains(toolbox.Applets(), name) {
		os.Exit(toolbox.Main(name, os.Args[1:])) // a copy of this program is every tool of the image tutor/lab
	}
	c := &cli{Out: os.Stdout, Err: os.Stderr}
	os.Exit(c.main(os.Args[1:]))
}

// A cli is what all commands share: where to print, where things are kept.
type cli struct{ Out, Err io.Writer }

// root is the table of commands.
func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "tutor",
		Short:         "A container runtime that shows every system call it makes",
		Long:          "tutor runs containers as docker does, and shows truthfully every system call by which it does so.",
		Example:       "  sudo tutor run --explain tutor/lab ps\n  sudo tutor run -it tutor/lab\n  sudo tutor run --lab 2 --explain sh -c 'echo I am PID $$'",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(
		newRun(c),     // a container, from the image to the exit code
		newPull(c),    // an image, from a registry
		newImages(c),  // those that are here
		newRmi(c),     // and away with them
		newVersion(c), // of tutor and of the kernel
	)
	for _, command := range root.Commands() {
		command.DisableFlagsInUseLine = true // each says [OPTIONS] where Docker does
	}
	root.SetOut(c.Out)
	root.SetErr(c.Err)
	return root
}

// main runs one command line and returns its exit status.
func (c *cli) main(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), unix.SIGINT, unix.SIGTERM)
	defer stop()
	root := c.root()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var ended exit
	if errors.As(err, &ended) {
		return int(ended)
	}
	if err != nil {
		c.report(err)
		return statusOf(err)
	}
	return 0
}

// exit is the status of a container's command: nothing went wrong, and tutor ends with the same.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// A failure is an error with the status to end with.
type failure struct {
	error
	status int
}

func (f failure) Unwrap() error { return f.error }

func statusOf(err error) int {
	var f failure
	if errors.As(err, &f) {
		return f.status
	}
	return 1
}

// report prints an error and its help: two lines, never more than a person will read.
func (c *cli) report(err error) {
	fmt.Fprintln(c.Err, "tutor:", strings.ReplaceAll(err.Error(), "\n", "; "))
	if hint := hintFor(err); hint != "" {
		fmt.Fprintln(c.Err, "tutor: hint:", hint)
	}
}

// home is where containers are kept.
func (c *cli) home() container.Home {
	return container.Home{Root: setting("TUTOR_ROOT", "/var/lib/tutor"), Run: setting("TUTOR_RUN", "/run/tutor")}
}

// Store is where images are kept: an OCI image layout.
func (c *cli) Store() (*image.Store, error) {
	store, err := image.OpenStore(filepath.Join(c.home().Root, "images"))
	if err != nil && os.Geteuid() != 0 {
		return nil, container.Hint(err, "only root can read the store: sudo tutor …")
	}
	return store, err
}

// ImageConfig is which registries may be asked, and how.
func (c *cli) ImageConfig() (image.Config, error) {
	return image.LoadConfig("/etc/tutor/config.json", os.Getenv("TUTOR_REGISTRY_MIRRORS"))
}

// setting is an absolute path from the environment.
func setting(name, otherwise string) string {
	value := os.Getenv(name)
	if value == "" {
		return otherwise
	}
	if absolute, err := filepath.Abs(value); err == nil {
		return absolute
	}
	return value
}

// needRoot says at once what would fail later: every namespace but the user's needs CAP_SYS_ADMIN.
func needRoot(command string) error {
	if os.Geteuid() == 0 {
		return nil
	}
	return failure{container.Hint(fmt.Errorf("%s: permission denied: only root can make namespaces and mounts", command),
		"sudo tutor "+command+" …; --dry-run and --print-spec with --lab 1, 2 or 3 need no root"), process.ExitOurs}
}
