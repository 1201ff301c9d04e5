//go:build linux

package main

import (
	"errors"
	"io"
	"os"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
)

func newExport(c *cli) *cobra.Command {
	var output string
	command := &cobra.Command{
		Use:   "export [OPTIONS] CONTAINER",
		Short: "Export a container's filesystem as a tar archive",
		Long: "export writes the files of a container, those of its image and its own as one tree, as a tar. What is mounted\n" +
			"in it, volumes too, is left out. tutor import makes an image of it.",
		Example:           "  tutor export -o web.tar web\n  tutor export web | tutor import - flat",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: c.completeContainers,
		RunE: func(cmd *cobra.Command, args []string) error {
			if output == "" && isTerminal(c.Out) {
				return errTarToTerminal("use the -o flag or redirect")
			}
			if info, err := os.Stat(output); err == nil && info.IsDir() {
				return container.Hint(errors.New("failed to export container: cannot write to a directory"), "name a file in it")
			}
			if err := filesNeedRoot("export"); err != nil {
				return err
			}
			state, err := c.home().Find(args[0])
			if err != nil {
				return err
			}
			write := func(w io.Writer) error { return c.home().Export(cmd.Context(), state, w) }
			if output == "" {
				return write(c.Out)
			}
			return replaceFile(output, write)
		},
	}
	command.Flags().StringVarP(&output, "output", "o", "", "Write to a file, instead of STDOUT")
	return command
}
