package main_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"tutor/runtime/pace"
)

// distribution starts Debian's docker-registry, the real thing, on a free port of loopback, and waits until it
// answers. auth is its configuration's section of that name.
func distribution(t *testing.T, auth string) (host string) {
	t.Helper()
	program := tool(t, "docker-registry")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	host = l.Addr().String()
	l.Close()
	dir := t.TempDir()
	config := filepath.Join(dir, "config.yml")
	require.NoError(t, os.WriteFile(config, []byte(fmt.Sprintf(
		"version: 0.1\nlog: {level: error}\nstorage:\n  filesystem: {rootdirectory: %q}\nhttp:\n  addr: %s\n  secret: s\n%s", dir+"/data", host, auth)), 0o600))
	cmd := exec.Command(program, "serve", config)
	cmd.Env = append(os.Environ(), "OTEL_TRACES_EXPORTER=none")
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	require.Eventually(t, func() bool {
		resp, err := http.Get("http://" + host + "/v2/")
		if err == nil {
			resp.Body.Close()
		}
		return err == nil
	}, pace.Times(20*time.Second), 20*time.Millisecond)
	return host
}

// asPerson runs tutor with a home of its own, where its credentials are, and input on standard input.
func asPerson(t *testing.T, home, input string, args ...string) run {
	t.Helper()
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), "HOME="+home, "PATH="+home+":"+os.Getenv("PATH"))
	cmd.Stdin = strings.NewReader(input)
	return command(t, cmd)
}

// inAndOut is what a person does with a registry that wants to know who asks.
func inAndOut(t *testing.T, host string) {
	t.Helper()
	person, name := t.TempDir(), host+"/team/lab"
	require.Zero(t, asPerson(t, person, "", "tag", "tutor/lab", name).code)
	r := asPerson(t, person, "", "push", name)
	require.Equal(t, 1, r.code)
	require.Equal(t, "tutor: push: denied: requested access to the resource is denied\ntutor: hint: check the spelling; for a private image log in: tutor login\n", r.stderr)

	r = asPerson(t, person, "wrong\n", "login", "-u", "student", "--password-stdin", host)
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "tutor: login: "+host+": unauthorized: incorrect username or password\n")
	require.NoFileExists(t, filepath.Join(person, ".docker", "config.json"))
	r = asPerson(t, person, "pässword\n", "login", "-u", "student", "--password-stdin", host)
	require.Zero(t, r.code, r.stderr)
	require.Equal(t, "Login Succeeded\n", r.stdout)
	require.Contains(t, r.stderr, "WARNING! Your credentials are stored unencrypted in '"+filepath.Join(person, ".docker", "config.json")+"'.")
	r = asPerson(t, person, "", "login", host)
	require.Zero(t, r.code, r.stderr)
	require.Contains(t, r.stdout, "Authenticating with existing credentials... [Username: student]")

	r = asPerson(t, person, "", "push", name)
	require.Zero(t, r.code, r.stderr)
	require.Regexp(t, `^Using default tag: latest\nThe push refers to repository \[`+host+`/team/lab\]\n(?s).*: Pushed\nlatest: digest: sha256:[0-9a-f]{64} size: \d+\n$`, r.stdout)
	id := ok(t, "images", "-q", "--no-trunc", name)
	require.Zero(t, asPerson(t, person, "", "rmi", name).code)
	r = asPerson(t, person, "", "pull", "-q", name)
	require.Zero(t, r.code, r.stderr)
	require.Equal(t, id, ok(t, "images", "-q", "--no-trunc", name))

	require.Contains(t, asPerson(t, person, "", "logout", host).stdout, "Removing login credentials for "+host)
	require.Zero(t, asPerson(t, person, "", "rmi", name).code)
	r = asPerson(t, person, "", "pull", name)
	require.Equal(t, 1, r.code)
	require.Contains(t, r.stderr, "pull access denied for "+name+", repository does not exist or may require 'docker login'")
}

func TestARegistryWithAPassword(t *testing.T) {
	root(t)
	ok(t, "run", "--rm", "tutor/lab", "true")
	users := filepath.Join(t.TempDir(), "users")
	out, err := exec.Command(tool(t, "htpasswd"), "-Bbn", "student", "pässword").Output()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(users, out, 0o600))
	host := distribution(t, fmt.Sprintf("auth:\n  htpasswd: {realm: here, path: %q}\n", users))
	inAndOut(t, host)
	credentialHelper(t, host)
}

// credentialHelper: what ~/.docker/config.json names keeps the password, and the file does not.
func credentialHelper(t *testing.T, host string) {
	person := t.TempDir()
	script := `#!/bin/sh
case $1 in
store) cat > "$HOME/kept" ;;
get) read server; [ -f "$HOME/kept" ] && cat "$HOME/kept" || { echo "credentials not found in native keychain"; exit 1; } ;;
erase) rm -f "$HOME/kept" ;;
esac`
	require.NoError(t, os.WriteFile(filepath.Join(person, "docker-credential-lab"), []byte(script), 0o755))
	require.NoError(t, os.Mkdir(filepath.Join(person, ".docker"), 0o700))
	config := filepath.Join(person, ".docker", "config.json")
	require.NoError(t, os.WriteFile(config, []byte(`{"credHelpers":{"`+host+`":"lab"},"somethingElse":1}`), 0o600))
	r := asPerson(t, person, "pässword", "login", "-u", "student", "--password-stdin", host)
	require.Zero(t, r.code, r.stderr)
	require.NotContains(t, r.stderr, "unencrypted")
	kept, err := os.ReadFile(filepath.Join(person, "kept"))
	require.NoError(t, err)
	require.Contains(t, string(kept), "pässword")
	content, err := os.ReadFile(config)
	require.NoError(t, err)
	require.NotContains(t, string(content), `"auth":`)
	r = asPerson(t, person, "", "pull", "-q", host+"/team/lab")
	require.Zero(t, r.code, r.stderr)
	require.Zero(t, asPerson(t, person, "", "logout", host).code)
	require.NoFileExists(t, filepath.Join(person, "kept"))
	require.Zero(t, asPerson(t, person, "", "rmi", host+"/team/lab").code)
}

func TestARegistryWithATokenService(t *testing.T) {
	root(t)
	ok(t, "run", "--rm", "tutor/lab", "true")
	service := newTokenService(t)
	host := distribution(t, fmt.Sprintf("auth:\n  token: {realm: %q, service: class, issuer: school, rootcertbundle: %q}\n", service.URL+"/token", service.bundle))
	inAndOut(t, host)
	require.Contains(t, service.asked, "repository:team/lab:pull")
	require.Contains(t, service.asked, "repository:team/lab:push,pull")
}

// A tokenService gives tokens to the student, as distribution's "Token Authentication" says: a JWT, signed.
type tokenService struct {
	*httptest.Server
	bundle string // its certificate
	asked  []string
	key    *ecdsa.PrivateKey
	chain  string
}

func newTokenService(t *testing.T) *tokenService {
	t.Helper()
	s := &tokenService{bundle: filepath.Join(t.TempDir(), "school.pem")}
	var err error
	s.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	about := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "school"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	certificate, err := x509.CreateCertificate(rand.Reader, about, about, &s.key.PublicKey, s.key)
	require.NoError(t, err)
	s.chain = base64.StdEncoding.EncodeToString(certificate)
	require.NoError(t, os.WriteFile(s.bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}), 0o600))
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		if user != "" && (user != "student" || password != "pässword") {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		s.asked = append(s.asked, r.URL.Query()["scope"]...)
		token := s.token(user, r.URL.Query()["scope"])
		json.NewEncoder(w).Encode(map[string]any{"token": token, "access_token": token, "expires_in": 300})
	}))
	t.Cleanup(s.Close)
	return s
}

// token grants the student what is asked for, and nobody anything.
func (s *tokenService) token(user string, scopes []string) string {
	access := []map[string]any{}
	for _, scope := range scopes {
		if parts := strings.Split(scope, ":"); user == "student" && len(parts) == 3 {
			access = append(access, map[string]any{"type": parts[0], "name": parts[1], "actions": strings.Split(parts[2], ",")})
		}
	}
	now := time.Now().Unix()
	part := func(value any) string {
		data, _ := json.Marshal(value)
		return base64.RawURLEncoding.EncodeToString(data)
	}
	signed := part(map[string]any{"typ": "JWT", "alg": "ES256", "x5c": []string{s.chain}}) + "." +
		part(map[string]any{"iss": "school", "sub": user, "aud": "class", "exp": now + 300, "nbf": now - 10, "iat": now, "jti": "1", "access": access})
	sum := sha256.Sum256([]byte(signed))
	r, q, _ := ecdsa.Sign(rand.Reader, s.key, sum[:])
	return signed + "." + base64.RawURLEncoding.EncodeToString(append(r.FillBytes(make([]byte, 32)), q.FillBytes(make([]byte, 32))...))
}
