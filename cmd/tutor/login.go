//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"tutor/runtime/container"
	"tutor/runtime/image"
)

// loginFlags are what `tutor login` takes.
type loginFlags struct {
	user, password string
	stdin          bool
}

func newLogin(c *cli) *cobra.Command {
	var f loginFlags
	command := &cobra.Command{
		Use:   "login [OPTIONS] [SERVER]",
		Short: "Authenticate to a registry",
		Long: "login asks the registry whether it takes the name and the password, and keeps them where docker does: with\n" +
			"the credential helper that ~/.docker/config.json names, or in that file. Without SERVER it is Docker Hub. Under\n" +
			"sudo ~ is root's home, as it is for `sudo tutor pull`.",
		Example: "  tutor login\n  tutor login localhost:5000 -u student\n  tutor login ghcr.io -u me --password-stdin < token.txt",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := image.ParseServer(append(args, "")[0])
			if err != nil {
				return err
			}
			return f.login(cmd.Context(), c, server)
		},
	}
	flags := command.Flags()
	flags.StringVarP(&f.user, "username", "u", "", "Username")
	flags.StringVarP(&f.password, "password", "p", "", "Password or Personal Access Token (PAT)")
	flags.BoolVar(&f.stdin, "password-stdin", false, "Take the Password or Personal Access Token (PAT) from stdin")
	return command
}

func newLogout(c *cli) *cobra.Command {
	return &cobra.Command{
		Use:     "logout [SERVER]",
		Short:   "Log out from a registry",
		Long:    "logout forgets the credentials of a registry; without SERVER those of Docker Hub.",
		Example: "  tutor logout\n  tutor logout localhost:5000",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			server, err := image.ParseServer(append(args, "")[0])
			if err != nil {
				return err
			}
			fmt.Fprintln(c.Out, "Removing login credentials for", server.Key)
			return server.Logout()
		},
	}
}

func (f *loginFlags) login(ctx context.Context, c *cli, server image.Server) error {
	config, err := c.ImageConfig()
	if err != nil {
		return err
	}
	if f.user == "" && f.password == "" && !f.stdin {
		if done, err := c.loginAsBefore(ctx, server, config); done || err != nil {
			return err
		}
	}
	if err := f.ask(c); err != nil {
		return err
	}
	plain, err := server.Login(ctx, f.user, f.password, config)
	if err != nil {
		return err
	}
	if plain != "" {
		fmt.Fprintf(c.Err, "\nWARNING! Your credentials are stored unencrypted in '%s'.\nA credential helper keeps them safe: name one in that file, {\"credsStore\": \"secretservice\"}.\n\n", plain)
	}
	fmt.Fprintln(c.Out, "Login Succeeded")
	return nil
}

// loginAsBefore tries what was saved the last time.
func (c *cli) loginAsBefore(ctx context.Context, server image.Server, config image.Config) (done bool, err error) {
	user, password, err := server.Saved()
	if err != nil || user == "" || password == "" {
		return false, err
	}
	fmt.Fprintf(c.Out, "Authenticating with existing credentials... [Username: %s]\n", user)
	if _, err := server.Login(ctx, user, password, config); err != nil {
		fmt.Fprintf(c.Err, "Login did not succeed, error: %v\n", err)
		return false, nil
	}
	fmt.Fprintln(c.Out, "Login Succeeded")
	return true, nil
}

// ask fills in what the flags do not say, from standard input.
func (f *loginFlags) ask(c *cli) error {
	if f.stdin {
		return f.readStdin()
	}
	if f.password != "" {
		fmt.Fprintln(c.Err, "WARNING! Using --password via the CLI is insecure. Use --password-stdin.")
	}
	if (f.user == "" || f.password == "") && !isTerminal(os.Stdin) {
		return container.Hint(errors.New("cannot perform an interactive login from a non-TTY device"), "use -u NAME --password-stdin")
	}
	if f.user == "" {
		fmt.Fprint(c.Out, "Username: ")
		line, err := bufio.NewReader(os.Stdin).ReadString('\n')
		if err != nil {
			return errors.New("username required")
		}
		if f.user = strings.TrimSpace(line); f.user == "" {
			return errors.New("username required")
		}
	}
	if f.password == "" {
		fmt.Fprint(c.Out, "Password: ")
		typed, err := term.ReadPassword(int(os.Stdin.Fd()))
		fmt.Fprintln(c.Out)
		if f.password = string(typed); err != nil || f.password == "" {
			return errors.New("password required")
		}
	}
	return nil
}

func (f *loginFlags) readStdin() error {
	if f.password != "" {
		return errors.New("--password and --password-stdin are mutually exclusive")
	}
	if f.user == "" {
		return container.Hint(errors.New("the --password-stdin option requires --username to be set"), "add -u NAME")
	}
	data, err := io.ReadAll(io.LimitReader(os.Stdin, 1<<20))
	f.password = strings.TrimRight(string(data), "\r\n")
	return err
}
