package guest

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// shared is where the machine has the checkout: Vagrant's default.
const shared = "/vagrant"

// carried are the settings that mean the same over there. Others, PATH first of all, belong to this computer.
var carried = []string{"NO_COLOR", "TUTOR_REGISTRY_MIRRORS", "TUTOR_ROOT", "TUTOR_RUN"}

// line is what the machine's shell is given: the same folder, the settings, tutor as root, and every word quoted.
// TUTOR_CALL does nothing but name this one call among all processes, should it have to be told of a signal.
func (g Guest) line(id string, args []string) string {
	words := []string{"exec", "sudo", "TUTOR_CALL=" + id}
	for _, name := range carried {
		if value, set := os.LookupEnv(name); set {
			words = append(words, name+"="+quote(value))
		}
	}
	words = append(words, "tutor")
	for _, arg := range args {
		words = append(words, quote(g.inside(arg)))
	}
	line := strings.Join(words, " ")
	if below, err := filepath.Rel(g.Checkout, g.Dir); err == nil && filepath.IsLocal(below) {
		return "cd " + quote(path.Join(shared, filepath.ToSlash(below))) + " && " + line
	}
	return line
}

// quote makes one word of a text for bash. What is not plain ASCII is spelt in bytes: a newline does not survive every layer
// between here and there, on Windows neither does a letter outside the code page, and quotes and backslashes mean something
// to each of the programs that take a command line apart there.
func quote(text string) string {
	var b strings.Builder
	plain := true
	for _, c := range []byte(text) {
		if c < ' ' || c > '~' || strings.IndexByte(`'"\`, c) >= 0 {
			plain = false
			fmt.Fprintf(&b, `\x%02x`, c)
			continue
		}
		b.WriteByte(c)
	}
	if plain {
		return "'" + text + "'"
	}
	return "$'" + b.String() + "'"
}
