//go:build linux

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"tutor/runtime/container"
	"tutor/runtime/image"
)

func newImport(c *cli) *cobra.Command {
	var o image.ImportOptions
	command := &cobra.Command{
		Use:   "import [OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
		Short: "Import the contents from a tarball to create a filesystem image",
		Long: "import makes an image of one layer from a tar of a file system, plain or packed with gzip or zstd: from\n" +
			"mmdebstrap, from docker export, from a directory.",
		Example: "  mmdebstrap --variant=minbase bookworm - | tutor import - debian:bookworm\n" +
			"  tar -C rootfs -c . | tutor import -c 'CMD [\"sh\"]' - mine\n  tutor import -m 'from the web' https://example.com/rootfs.tar.gz mine:web",
		Args: cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ref, err := imageName(append(args, "")[1])
			if err != nil {
				return err
			}
			in, err := openSource(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			defer in.Close()
			store, err := c.Store()
			if err != nil {
				return err
			}
			if o.Message == "" {
				o.Message = "Imported from " + args[0]
			}
			img, err := store.Import(cmd.Context(), in, ref, o)
			if err != nil {
				return err
			}
			fmt.Fprintln(c.Out, img.ID)
			return nil
		},
	}
	flags := command.Flags()
	flags.VarP((*list)(&o.Changes), "change", "c", "Apply Dockerfile instruction to the created image")
	flags.StringVarP(&o.Message, "message", "m", "", "Set commit message for imported image")
	flags.StringVar(&o.Platform, "platform", "", "Set platform: OS/ARCHITECTURE[/VARIANT]")
	return command
}

// openSource opens a file, standard input or what a URL stands for.
func openSource(ctx context.Context, name string) (io.ReadCloser, error) {
	if !strings.HasPrefix(name, "http://") && !strings.HasPrefix(name, "https://") {
		return openInput(name, "import")
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, name, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, container.Hint(fmt.Errorf("import: GET %s = %s", name, resp.Status), "the URL must lead to the tar itself")
	}
	return resp.Body, nil
}
