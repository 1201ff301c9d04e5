package registry

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"tutor/runtime/image"
)

// names lists what is served, tags included: the store's, then the cache's.
func (s *Server) names() ([]image.Reference, error) {
	entries, err := s.Shelf.Entries()
	var all []image.Reference
	for _, e := range entries {
		all = append(all, e.Ref)
	}
	if s.Cache != nil {
		all = append(all, s.Cache.names()...)
	}
	return all, err
}

// catalog lists the repositories.
func (s *Server) catalog(a *answer, r *http.Request) error {
	all, err := s.names()
	if err != nil {
		return err
	}
	var words []string
	for _, ref := range all {
		words = append(words, Name(ref))
	}
	words, err = page(a, r, words)
	if err != nil {
		return err
	}
	a.json(http.StatusOK, map[string]any{"repositories": words})
	return nil
}

// tags lists the tags of one repository that are here. Docker Hub has more; asking for those is its own request.
func (s *Server) tags(a *answer, r *http.Request, ref image.Reference) error {
	all, err := s.names()
	if err != nil {
		return err
	}
	words, known := []string{}, false
	for _, other := range all {
		if other.Repository() != ref.Repository() {
			continue
		}
		known = true
		if other.Digest == "" {
			words = append(words, other.Tag)
		}
	}
	if !known {
		return unknownRepository(ref)
	}
	words, err = page(a, r, words)
	if err != nil {
		return err
	}
	a.json(http.StatusOK, map[string]any{"name": Name(ref), "tags": words})
	return nil
}

// Name is what a client asks for to get ref's repository: library/python, ghcr.io/owner/app.
func Name(ref image.Reference) string {
	if ref.OnHub() {
		return ref.Path
	}
	return ref.Repository()
}

// page sorts a list and cuts it as the client asked, with n and last; the Link header leads on.
func page(a *answer, r *http.Request, words []string) ([]string, error) {
	slices.Sort(words)
	words = slices.Compact(words)
	query := r.URL.Query()
	if last := query.Get("last"); last != "" {
		words = slices.DeleteFunc(words, func(w string) bool { return w <= last })
	}
	if words == nil {
		words = []string{}
	}
	if !query.Has("n") {
		return words, nil
	}
	n, err := strconv.Atoi(query.Get("n"))
	if err != nil || n < 0 {
		return nil, &refusal{http.StatusBadRequest, "PAGINATION_NUMBER_INVALID", "n is a number, 0 or more"}
	}
	if n >= len(words) {
		return words, nil
	}
	if n > 0 {
		next := url.Values{"n": {strconv.Itoa(n)}, "last": {words[n-1]}}
		if ns := query.Get("ns"); ns != "" {
			next.Set("ns", ns)
		}
		a.Header().Set("Link", fmt.Sprintf("<%s?%s>; rel=\"next\"", r.URL.EscapedPath(), next.Encode()))
	}
	return words[:n], nil
}
