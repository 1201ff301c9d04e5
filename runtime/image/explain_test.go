package image

import (
	"net"
	"net/http"
	"testing"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
	"github.com/stretchr/testify/require"
)

func TestTheHintIsAboutWhatIsMissing(t *testing.T) {
	for _, c := range []struct{ code, name, hint string }{
		{"MANIFEST_UNKNOWN", "localhost:5000/app:2", "the repository is there, this tag is not"},
		{"MANIFEST_UNKNOWN", "localhost:5000/app@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "the repository is there, and nothing in it has this digest"},
		{"NAME_UNKNOWN", "localhost:5000/ap:2", hintLogin},
	} {
		ref, err := Parse(c.name)
		require.NoError(t, err)
		answer := &transport.Error{StatusCode: http.StatusNotFound, Errors: []transport.Diagnostic{{Code: transport.ErrorCode(c.code)}}}
		require.Equal(t, c.hint, explainAnswer("pull", answer, ref).Hint, c.name)
	}
}

func TestWithoutANetworkAPullAndAPushAreHelpedInTheirOwnWays(t *testing.T) {
	ref, err := Parse("app")
	require.NoError(t, err)
	for op, hint := range map[string]string{"pull": hintOffline, "push": hintNobody, "login": hintNobody} {
		explained := explain(op, &net.DNSError{Name: "index.docker.io"}, ref, endpoint{})
		require.Equal(t, hint, explained.Hint, op)
		require.Contains(t, explained.Error(), "no such host")
	}
}
