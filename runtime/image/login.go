package image

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// A Server is a registry as `login` names it: the host, and the key under which Docker's config file keeps the
// credentials. They are the same but for Docker Hub, whose key is a URL of its first version.
type Server struct{ Host, Key string }

// ParseServer reads what stands after `tutor login`: empty is Docker Hub, a scheme and a path are left off.
func ParseServer(s string) (Server, error) {
	host := strings.TrimPrefix(strings.TrimPrefix(s, "https://"), "http://")
	host, _, _ = strings.Cut(host, "/")
	if host == "" || host == hub || host == "index.docker.io" || host == "registry-1.docker.io" {
		return Server{"index.docker.io", "https://index.docker.io/v1/"}, nil
	}
	if !validDomain(host) {
		return Server{}, &Error{Msg: fmt.Sprintf("invalid registry %q", s), Hint: "a registry is HOST[:PORT]: localhost:5000, ghcr.io"}
	}
	return Server{host, host}, nil
}

// Saved is who is logged in at the server; empty when nobody is.
func (s Server) Saved() (user, password string, err error) {
	file, err := config.Load("")
	if err != nil {
		return "", "", credentialsError(err)
	}
	known, err := file.GetCredentialsStore(s.Key).Get(s.Key)
	if err != nil {
		return "", "", credentialsError(err)
	}
	return known.Username, known.Password, nil
}

// Login asks the server whether it takes these credentials, and then saves them where Docker does: with the
// credential helper that ~/.docker/config.json names, or else in that file. plain is the file's name if they
// stand there for everybody to read who can read the file.
func (s Server) Login(ctx context.Context, user, password string, c Config) (plain string, err error) {
	if err := s.ask(ctx, user, password, c); err != nil {
		return "", err
	}
	file, err := config.Load("")
	if err != nil {
		return "", credentialsError(err)
	}
	err = file.GetCredentialsStore(s.Key).Store(types.AuthConfig{Username: user, Password: password, ServerAddress: s.Key})
	if err != nil {
		return "", credentialsError(err)
	}
	if file.CredentialsStore == "" && file.CredentialHelpers[s.Key] == "" {
		plain = file.GetFilename()
	}
	return plain, nil
}

// Logout forgets the credentials.
func (s Server) Logout() error {
	file, err := config.Load("")
	if err != nil {
		return credentialsError(err)
	}
	if err := file.GetCredentialsStore(s.Key).Erase(s.Key); err != nil {
		return credentialsError(err)
	}
	return nil
}

func credentialsError(err error) error {
	return &Error{Op: "credentials", Msg: err.Error(), Err: err,
		Hint: "look at ~/.docker/config.json: is it JSON, and is the helper docker-credential-… that it names installed?"}
}

// ask does what a pull would do, without a repository: learn how to log in, do it, and be let in.
func (s Server) ask(ctx context.Context, user, password string, c Config) error {
	open := insecure(s.Host, c.Insecure)
	e := endpoint{host: s.Host, plain: open, trust: open}
	registry, err := name.NewRegistry(s.Host, e.options()...)
	if err != nil {
		return err
	}
	login := &authn.Basic{Username: user, Password: password}
	t, err := transport.NewWithContext(ctx, registry, login, newWire(e), nil)
	if err == nil {
		client := &client{endpoint: e, base: "https://" + s.Host + "/v2", http: http.Client{Transport: t}}
		var resp *http.Response
		if resp, err = client.do(ctx, http.MethodGet, "/", http.Header{}, http.StatusOK); err == nil {
			resp.Body.Close()
		}
	}
	var answer *transport.Error
	if errors.As(err, &answer) && (answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden) {
		return &Error{Op: "login", Msg: fmt.Sprintf("%s: unauthorized: incorrect username or password", s.Host), Err: err,
			Hint: "Docker Hub wants an access token where two-factor login is on"}
	}
	if err != nil {
		return explain("login", err, Reference{}, e)
	}
	return nil
}
