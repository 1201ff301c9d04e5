package image

import (
	"fmt"
	"regexp"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// A Reference names an image as Docker reads names: python is docker.io/library/python:latest. The short form
// is for people, the long form for everything that compares (github.com/distribution/reference).
type Reference struct {
	Domain  string // "docker.io", "127.0.0.1:5000"
	Path    string // "library/python"
	Tag     string // "latest"; empty when only a digest was given
	Digest  string // "sha256:…" or empty; where both are there the digest decides
	Implied bool   // the tag was not written: "Using default tag: latest"
}

// Docker's name for its hub in all that users see. The hub itself answers at index.docker.io.
const hub = "docker.io"

// The longest repository name, domain included, that Docker accepts.
const nameLimit = 255

// Parse reads s, or refuses it with Docker's words. What it accepts is safe as part of a URL: no "..", no
// empty component, lower case. A name in upper case is refused instead of folded, because a registry may keep
// Foo and foo apart.
func Parse(s string) (Reference, error) {
	if isHex(s) && len(s) == 64 {
		return Reference{}, &Error{Msg: fmt.Sprintf("invalid repository name (%s), cannot specify 64-byte hexadecimal strings", s), Hint: referenceHint}
	}
	r := Reference{}
	r.Domain, r.Path = splitDomain(s)
	repository, _, _ := strings.Cut(r.Path, ":")
	if strings.ToLower(repository) != repository {
		return Reference{}, &Error{Msg: fmt.Sprintf("invalid reference format: repository name (%s) must be lowercase", repository), Hint: referenceHint}
	}
	if before, digest, found := strings.Cut(r.Path, "@"); found {
		if _, err := parseDigest(digest); err != nil {
			return Reference{}, errInvalidReference
		}
		r.Path, r.Digest = before, digest
	}
	if before, tag, found := strings.Cut(r.Path, ":"); found {
		if !validTag(tag) {
			return Reference{}, errInvalidReference
		}
		r.Path, r.Tag = before, tag
	}
	if !validDomain(r.Domain) || !validPath(r.Path) {
		return Reference{}, errInvalidReference
	}
	if len(r.Repository()) > nameLimit {
		return Reference{}, &Error{Msg: fmt.Sprintf("repository name must not be more than %d characters", nameLimit), Hint: referenceHint}
	}
	if r.Tag == "" && r.Digest == "" {
		r.Tag, r.Implied = "latest", true
	}
	return r, nil
}

var errInvalidReference = &Error{Msg: "invalid reference format", Hint: referenceHint}

const referenceHint = "a name is [REGISTRY[:PORT]/]REPOSITORY[:TAG|@DIGEST]: python, python:3.13, localhost:5000/team/app"

// splitDomain takes the first component for a registry only if it looks like one: a dot, a colon, upper case,
// or localhost. So user/image stays on Docker Hub, and example.com/image does not.
func splitDomain(s string) (domain, path string) {
	first, rest, found := strings.Cut(s, "/")
	looksLikeHost := strings.ContainsAny(first, ".:") || first == "localhost" || strings.ToLower(first) != first
	if !found || !looksLikeHost {
		domain, path = hub, s
	} else {
		domain, path = first, rest
	}
	if domain == "index.docker.io" {
		domain = hub
	}
	if domain == hub && !strings.Contains(path, "/") {
		path = "library/" + path
	}
	return domain, path
}

// The grammar of distribution/reference. Compiled when asked for: compiling at start-up would cost every
// command a tenth of a millisecond.
func matches(pattern, s string) bool {
	return regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(s)
}

func validDomain(s string) bool {
	const label = `[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?`
	return matches(`(?:`+label+`(?:\.`+label+`)*|\[[a-fA-F0-9:]+\])(?::[0-9]{1,5})?`, s)
}

func validPath(s string) bool {
	const component = `[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`
	return matches(component+`(?:/`+component+`)*`, s)
}

// The length is counted apart: a bounded repeat makes the pattern a hundred times as long.
func validTag(s string) bool { return len(s) <= 128 && matches(`[A-Za-z0-9_][A-Za-z0-9_.-]*`, s) }

func isHex(s string) bool {
	return s != "" && strings.Trim(s, "0123456789abcdef") == ""
}

// parseDigest accepts sha256 and nothing else. A digest becomes part of a path on disk, so a string that was
// not checked is a way out of the store: sha256:../../x (CVE-2024-3727).
func parseDigest(s string) (v1.Hash, error) {
	h, err := v1.NewHash(s)
	if err != nil {
		return v1.Hash{}, fmt.Errorf("invalid digest %q", s)
	}
	if h.Algorithm != "sha256" {
		return v1.Hash{}, fmt.Errorf("digest %q: only sha256 is supported", s)
	}
	return h, nil
}

// Repository is the full name without tag and digest: "docker.io/library/python".
func (r Reference) Repository() string { return r.Domain + "/" + r.Path }

// FamiliarName is the repository as people write it: "python", "user/image", "127.0.0.1:5000/image".
func (r Reference) FamiliarName() string {
	if r.Domain != hub {
		return r.Repository()
	}
	if short, found := strings.CutPrefix(r.Path, "library/"); found && !strings.Contains(short, "/") {
		return short
	}
	return r.Path
}

// Familiar is the name as people write it, with its tag or digest: "python:latest".
func (r Reference) Familiar() string { return r.FamiliarName() + r.suffix() }

// String is the one full name of the image, the one that is stored: "docker.io/library/python:latest".
func (r Reference) String() string { return r.Repository() + r.suffix() }

func (r Reference) suffix() string {
	s := ""
	if r.Tag != "" {
		s = ":" + r.Tag
	}
	if r.Digest != "" {
		s += "@" + r.Digest
	}
	return s
}

// identifier is what the registry is asked for: the digest where there is one, else the tag.
func (r Reference) identifier() string {
	if r.Digest != "" {
		return r.Digest
	}
	return r.Tag
}
