package guest

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAPortThatThisComputerCannotReachIsSaid(t *testing.T) {
	for typed, want := range map[string]string{
		"run -p 8080:80 web":             "",
		"run -p 8000-8005:80-85 web":     "",
		"run -p 0.0.0.0:8888:80/tcp web": "",
		"run -p 9000:80 web":             "port 9000 is open in the virtual machine only; this computer has its ports 8000-8005 8080 8888.",
		"run -p9000:80 web":              "port 9000 is open",
		"run --publish=9000:80 web":      "port 9000 is open",
		"run -p 8004-8006:80-82 web":     "port 8006 is open",
		"run -p 127.0.0.1:8080:80 web":   "-p 127.0.0.1:8080:80 is on the loopback of the virtual machine",
		"run -p [::1]:8080:80 web":       "is on the loopback",
		"run web -- prog -p 9000:80":     "",
		"run -p 80 web":                  "",
		"ps -p":                          "",
		"cp -p web:/srv .":               "",
	} {
		hints := strings.Join(portHints(strings.Fields(typed), Ports), "\n")
		if want == "" {
			require.Empty(t, hints, typed)
			continue
		}
		require.Contains(t, hints, want, typed)
	}
	require.Empty(t, portHints([]string{"-p", "9000:80"}, "9000"), "TUTOR_PORTS says otherwise")
}

func TestTheVagrantfileForwardsThePortsThatTutorNames(t *testing.T) {
	content, err := os.ReadFile("../../Vagrantfile")
	require.NoError(t, err)
	m := regexp.MustCompile(`"TUTOR_PORTS", "([^"]*)"`).FindStringSubmatch(string(content))
	require.NotNil(t, m)
	require.Equal(t, Ports, m[1])
}
