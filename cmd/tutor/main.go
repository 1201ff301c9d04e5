//go:build linux

// Command tutor is a container runtime that teaches: it starts containers, and shows every system call by
// which it does so.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"tutor/labs/grader"
	"tutor/labs/toolbox"
	"tutor/runtime/container"
	"tutor/runtime/image"
	"tutor/runtime/process"
)

func main() {
	if name := filepath.Base(os.Args[0]); slices.Contains(toolbox.Applets(), name) {
		os.Exit(toolbox.Main(name, os.Args[1:])) // a copy of this program is every tool of the image tutor/lab
	}
	if grader.IsProbe(os.Args) {
		os.Exit(probe(os.Args[2:])) // what a student's box is given to run
	}
	if os.Args[0] == container.MonitorName {
		os.Exit((&cli{Out: os.Stdout, Err: os.Stderr}).home().Watch(os.Args[1], hintFor, seen(os.Args[2:]))) // what looks after a container in the background
	}
	if os.Args[0] == container.Guard {
		os.Exit(container.StandBy(os.Args[1:], os.Stdin, os.Stdout)) // beside a commit, which may be killed
	}
	c := &cli{Out: standardOutput(), Err: os.Stderr}
	os.Exit(c.main(os.Args[1:]))
}

// A cli is what all commands share: where to print, where things are kept.
type cli struct{ Out, Err io.Writer }

// root is the table of commands.
func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "tutor",
		Short: "A container runtime that shows every system call it makes",
		Long: "tutor runs containers as docker does, and shows truthfully every system call by which it does so.\n\n" +
			"Images and containers are kept below TUTOR_ROOT (/var/lib/tutor), what is known of those that run below TUTOR_RUN (/run/tutor).",
		Version:       cmp.Or(version, "(devel)"),
		Example:       "  sudo tutor run --explain tutor/lab ps\n  sudo tutor run -it tutor/lab\n  sudo tutor run --lab 2 --explain sh -c 'echo I am PID $$'",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddGroup(&cobra.Group{ID: "containers", Title: "Containers:"}, &cobra.Group{ID: "volumes", Title: "Volumes:"}, &cobra.Group{ID: "networks", Title: "Networks:"},
		&cobra.Group{ID: "images", Title: "Images:"}, &cobra.Group{ID: "machine", Title: "Machine:"}, &cobra.Group{ID: "learning", Title: "Learning:"})
	add(root, "containers",
		newRun(c),         // from the image to the exit code
		newCreate(c),      // there, and not started
		newStart(c),       // and now
		newPs(c),          // which there are
		newLogs(c),        // what they wrote
		newAttach(c),      // come back to one
		newExec(c),        // one more command in it
		newTop(c),         // who lives in it
		newPort(c),        // where it can be reached
		newStop(c),        // ask it to end
		newKill(c),        // any signal
		newRestart(c),     // both
		newPause(c),       // stand still
		newUnpause(c),     // go on
		newWait(c),        // for its end
		newRename(c),      // another name
		newInspect(c, ""), // all that is known
		newRm(c),          // away with it
		newStats(c),       // what it uses of the machine
		newUpdate(c),      // and what it may use, from now on
		newDiff(c),        // what it has changed
		newCommit(c),      // and an image of that
		newCp(c),          // files into it and out of it
		newExport(c),      // all of them
		newContainer(c),   // the same, as docker groups it, and prune
	)
	add(root, "volumes",
		newVolume(c), // directories that outlive containers
	)
	add(root, "networks",
		newNetwork(c), // whom containers can talk to
	)
	add(root, "images",
		newPull(c),     // from a registry
		newImages(c),   // those that are here
		newTag(c),      // one more name
		newHistory(c),  // how it was made
		newRmi(c),      // away with it
		newSave(c),     // into a file
		newLoad(c),     // out of one
		newImport(c),   // from a file system
		newPush(c),     // to a registry
		newLogin(c),    // who we are there
		newLogout(c),   // and no longer
		newImage(c),    // the same, as docker groups it, and inspect and prune
		newRegistry(c), // serve them to a class
	)
	add(root, "machine",
		newSystem(c), // all of the following
		newInfo(c),   // what tutor has, and what the machine can
	)
	add(root, "learning",
		newLab(c),     // the course, and an exercise to begin with
		newDoctor(c),  // can the labs run here?
		newGrade(c),   // is my own box right?
		newExplain(c), // an idea, an entry of a start, a system call
		newVersion(c), // of tutor and of the kernel
	)
	root.SetHelpCommand(newHelp())
	root.SetHelpCommandGroupID("learning")
	root.SetVersionTemplate("tutor version {{.Version}}\n")
	root.SetCompletionCommandGroupID("learning")
	root.SetOut(c.Out)
	root.SetErr(c.Err)
	strict(root)
	root.SetFlagErrorFunc(flagError)
	c.fitHelp(root)
	return root
}

// add puts commands under a heading of the help. Each says [OPTIONS] where Docker does.
func add(root *cobra.Command, group string, commands ...*cobra.Command) {
	for _, command := range commands {
		command.GroupID = group
		command.DisableFlagsInUseLine = true
		for _, below := range command.Commands() {
			below.DisableFlagsInUseLine = true
		}
	}
	root.AddCommand(commands...)
}

// main runs one command line and returns its exit status.
func (c *cli) main(args []string) int {
	ctx, stop := interruptible()
	defer stop()
	root := c.root()
	root.SetArgs(behind(root, args))
	command, err := root.ExecuteContextC(ctx)
	err = interrupted(ctx, command.Name(), c.written(err))
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

// exit is the status of a container's command, or of one that only looked on until Ctrl-C: nothing went wrong, and tutor ends with the
// same.
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

// flagError is for a flag that is not there or takes no such value: Docker's exit status, and where to read.
func flagError(command *cobra.Command, err error) error {
	return failure{container.Hint(err, command.CommandPath()+" --help"), process.ExitOurs}
}

// report prints an error and its help: two lines, never more than a person will read.
func (c *cli) report(err error) {
	fmt.Fprintln(c.Err, "tutor:", oneLine(err.Error()))
	if hint := hintFor(err); hint != "" {
		fmt.Fprintln(c.Err, "tutor: hint:", oneLine(hint))
	}
}

// oneLine is text fit for a terminal, whatever name was typed: an escape sequence in it could type into the terminal
// of whoever looks.
func oneLine(text string) string {
	return ellipsis(strings.Map(printable, strings.ReplaceAll(text, "\n", "; ")), longestLine)
}

// longestLine is more than any good message has.
const longestLine = 2000

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
	hint := "sudo tutor " + command + " …"
	if command == "run" {
		hint += "; --dry-run and --print-spec with --lab 1, 2 or 3 need no root"
	}
	return failure{container.Hint(fmt.Errorf("%s: permission denied: only root can make namespaces and mounts", command), hint), process.ExitOurs}
}
