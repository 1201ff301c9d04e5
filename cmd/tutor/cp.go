//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/docker/go-units"
	"github.com/spf13/cobra"

	"tutor/runtime/container"
)

func newCp(c *cli) *cobra.Command {
	var o container.Copy
	var quiet bool
	command := &cobra.Command{
		Use:   "cp [OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n  tutor cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH",
		Short: "Copy files/folders between a container and the local filesystem",
		Long: "cp copies into a container and out of one, running or not. '-' as the source is a tar archive from stdin that\n" +
			"is unpacked in a directory of the container; '-' as the destination streams one to stdout. Files belong to\n" +
			"root inside, and to the caller outside, unless -a. Symlinks on the way inside stay inside.",
		Example:           "  tutor cp web:/etc/nginx/nginx.conf .\n  tutor cp site/. web:/srv/www\n  tutor cp web:/var/log - | tar t",
		Args:              cobra.ExactArgs(2),
		ValidArgsFunction: c.completeCopy,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !cmd.Flags().Changed("quiet") {
				quiet = !isTerminal(c.Err)
			}
			return c.copy(cmd.Context(), args[0], args[1], o, quiet)
		},
	}
	flags := command.Flags()
	flags.BoolVarP(&o.Archive, "archive", "a", false, "Archive mode (copy all uid/gid information)")
	flags.BoolVarP(&o.Follow, "follow-link", "L", false, "Always follow symbol link in SRC_PATH")
	flags.BoolVarP(&quiet, "quiet", "q", false, "Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached")
	return command
}

const copyForms = "tutor cp CONTAINER:/path DIR, or tutor cp FILE CONTAINER:/path"

// copy takes one of the four ways: out or in, as files or as a stream.
func (c *cli) copy(ctx context.Context, src, dst string, o container.Copy, quiet bool) error {
	switch "" {
	case src:
		return container.Hint(errors.New("source can not be empty"), copyForms)
	case dst:
		return container.Hint(errors.New("destination can not be empty"), copyForms)
	}
	from, in := splitCopyArg(src)
	to, out := splitCopyArg(dst)
	if from != "" && to != "" {
		return container.Hint(errors.New("copying between containers is not supported"), "tutor cp "+src+" - | tutor cp - "+dst)
	}
	if from == "" && to == "" {
		return container.Hint(errors.New("must specify at least one container source"), "a path in a container is written CONTAINER:PATH")
	}
	if err := filesNeedRoot("cp"); err != nil {
		return err
	}
	o.Container = from + to // one of them
	state, err := c.home().Find(o.Container)
	if err != nil {
		return err
	}
	h := c.home()
	switch {
	case src == "-":
		return c.copyStream(ctx, state, out, o)
	case to == "" && out == "-":
		if isTerminal(c.Out) {
			return errTarToTerminal("redirect: tutor cp " + src + " - > FILE.tar, or name a directory")
		}
		return h.CopyOutTar(ctx, state, in, c.Out, o)
	case from != "":
		n, err := h.CopyOut(ctx, state, in, out, o)
		if absolute, wrong := filepath.Abs(out); wrong == nil {
			out = absolute
		}
		return c.copied(n, out, quiet, err)
	}
	n, where, err := h.CopyIn(ctx, state, in, out, o)
	return c.copied(n, to+":"+where, quiet, err)
}

// copyStream unpacks standard input in a container.
func (c *cli) copyStream(ctx context.Context, s container.State, to string, o container.Copy) error {
	in, err := openInput("-", "cp")
	if err != nil {
		return err
	}
	r, w := io.Pipe() // a read of standard input cannot be interrupted; one of a pipe can
	defer context.AfterFunc(ctx, func() { r.CloseWithError(ctx.Err()) })()
	go func() {
		_, err := io.Copy(w, in)
		w.CloseWithError(err)
	}()
	return c.home().CopyInTar(ctx, s, r, to, o)
}

// copied says how much it was, as Docker does: archive headers are counted too.
func (c *cli) copied(n int64, where string, quiet bool, err error) error {
	if err != nil || quiet {
		return err
	}
	_, err = fmt.Fprintln(c.Err, "Successfully copied", units.HumanSizeWithPrecision(float64(n), 3), "to", where)
	return err
}

// filesNeedRoot says at once what would fail later.
func filesNeedRoot(command string) error {
	if os.Geteuid() == 0 {
		return nil
	}
	return container.Hint(fmt.Errorf("%s: permission denied: only root can reach a container's files", command), "sudo tutor "+command+" …")
}

func errTarToTerminal(hint string) error {
	return container.Hint(errors.New("cowardly refusing to save to a terminal"), hint)
}

// splitCopyArg takes CONTAINER:PATH apart; a path of the host has no container. One with a colon in it is written
// ./with:colon, or absolute.
func splitCopyArg(arg string) (name, path string) {
	if filepath.IsAbs(arg) {
		return "", arg
	}
	name, path, found := strings.Cut(arg, ":")
	if !found || strings.HasPrefix(name, ".") {
		return "", arg
	}
	return name, path
}

// completeCopy offers containers with a colon, and leaves paths of the host to the shell.
func (c *cli) completeCopy(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if container, _ := splitCopyArg(typed); container != "" {
		return nil, cobra.ShellCompDirectiveNoFileComp // a path in there is none of the host's
	}
	names, _ := c.completeContainers(cmd, nil, typed)
	for i := range names {
		names[i] += ":"
	}
	if len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return names, cobra.ShellCompDirectiveNoSpace
}
