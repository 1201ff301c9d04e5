package registry

import (
	"net/http"
	"strings"

	"tutor/runtime/image"
)

// What a path can ask for (distribution-spec, "Endpoints").
type kind int

const (
	base     kind = iota // /v2/
	catalog              // /v2/_catalog
	tags                 // /v2/NAME/tags/list
	manifest             // /v2/NAME/manifests/TAG or DIGEST
	blob                 // /v2/NAME/blobs/DIGEST
)

// A question is a path, read. Its reference has passed image.Parse: nothing else ever becomes part of a path on
// disk or of a URL upstream.
type question struct {
	kind kind
	ref  image.Reference
}

var unknownPath = &refusal{http.StatusNotFound, "UNSUPPORTED", "there is nothing here but /v2/, see the distribution-spec"}

// parsePath reads a URL's path, already unescaped. ns is what containerd adds when it asks a mirror: the registry
// that the name belongs to.
func parsePath(path, ns string) (question, error) {
	rest, found := strings.CutPrefix(path, "/v2/")
	switch {
	case path == "/v2" || (found && rest == ""):
		return question{kind: base}, nil
	case !found:
		return question{}, unknownPath
	case rest == "_catalog":
		return question{kind: catalog}, nil
	}
	words := strings.Split(rest, "/")
	if len(words) < 3 {
		return question{}, unknownPath
	}
	name, verb, last := strings.Join(words[:len(words)-2], "/"), words[len(words)-2], words[len(words)-1]
	full, err := repository(name, ns)
	if err != nil {
		return question{}, err
	}
	switch {
	case verb == "tags" && last == "list":
		return parseReference(tags, full, "")
	case verb == "manifests" && strings.Contains(last, ":"):
		return parseReference(manifest, full, "@"+last)
	case verb == "manifests":
		return parseReference(manifest, full, ":"+last)
	case verb == "blobs":
		return parseReference(blob, full, "@"+last)
	}
	return question{}, unknownPath
}

// repository is the full name that a client means by NAME. A client that uses us as its mirror asks for
// library/python; one that was told 10.0.0.5:5000/python means the same. A name that begins with a registry
// (ghcr.io/owner/app) is that registry's.
func repository(name, ns string) (string, error) {
	if strings.ContainsAny(name, ":@") {
		return "", invalidName(name)
	}
	if ns != "" {
		name = ns + "/" + name
	}
	ref, err := image.Parse(name)
	if err != nil || (ns != "" && ref.Domain != ns) {
		return "", invalidName(name)
	}
	return ref.Repository(), nil
}

func invalidName(name string) error {
	return &refusal{http.StatusBadRequest, "NAME_INVALID", "invalid repository name: " + printable(name)}
}

// parseReference reads the whole reference. A tag that cannot be is a tag that is not there; so says the spec's
// own conformance test.
func parseReference(k kind, repository, suffix string) (question, error) {
	ref, err := image.Parse(repository + suffix)
	switch {
	case err == nil:
		return question{k, ref}, nil
	case strings.HasPrefix(suffix, "@"):
		return question{}, &refusal{http.StatusBadRequest, "DIGEST_INVALID", "invalid digest: " + printable(suffix[1:])}
	}
	return question{}, &refusal{http.StatusNotFound, "MANIFEST_UNKNOWN", "invalid tag: " + printable(suffix[1:])}
}
