package image

import (
	"strconv"
	"strings"
)

// sizes writes down what the layers unpack to; unpackedSizes reads it.
func sizes(layers []Layer) string {
	words := make([]string, len(layers))
	for i, l := range layers {
		words[i] = strconv.FormatInt(l.Unpacked, 10)
	}
	return strings.Join(words, " ")
}

func unpackedSizes(annotation string) []int64 {
	words := strings.Fields(annotation)
	all := make([]int64, len(words))
	for i, w := range words {
		all[i], _ = strconv.ParseInt(w, 10, 64)
	}
	return all
}

// knownSizes maps digest and diff ID of each layer that was checked before to what it unpacks to.
func (s *Store) knownSizes() map[string]int64 {
	known := map[string]int64{}
	index, err := s.index()
	if err != nil {
		return known
	}
	for _, entry := range index.Manifests {
		img, err := s.describe(entry)
		if err != nil || entry.Annotations[annotationSize] == "" {
			continue
		}
		for _, l := range img.Layers {
			known[l.Digest+l.DiffID] = l.Unpacked
		}
	}
	return known
}
