package container

import (
	"fmt"
	"slices"
	"strings"

	"tutor/runtime/sys"
)

// capabilityNames is every capability that we know, by its number.
func capabilityNames() []string {
	names := make([]string, len(sys.Capabilities))
	for _, c := range sys.Capabilities {
		names[c.Bits] = c.Name
	}
	return names
}

// normalize reads names as Docker does: "net_admin", "CAP_NET_ADMIN", "all".
func normalize(names []string) ([]string, error) {
	var known []string
	for _, name := range names {
		upper := strings.ToUpper(name)
		if upper != "ALL" && !strings.HasPrefix(upper, "CAP_") {
			upper = "CAP_" + upper
		}
		if upper != "ALL" && !slices.Contains(capabilityNames(), upper) {
			return nil, Hint(fmt.Errorf("invalid capability: %q", name), "capabilities(7) has the list; NET_ADMIN and CAP_NET_ADMIN are the same, ALL is all")
		}
		known = append(known, upper)
	}
	return known, nil
}
