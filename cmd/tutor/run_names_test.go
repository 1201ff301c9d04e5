package main_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheFormsOfAddHost(t *testing.T) {
	root(t)
	hosts := ok(t, "run", "--rm", "--add-host", "a:1.2.3.4", "--add-host", "b=1.2.3.5", "--add-host", "c:[::1]", "--add-host", "d=[::2]", "--add-host", "e:::3", "tutor/lab", "cat", "/etc/hosts")
	require.Contains(t, hosts, "\n1.2.3.4\ta\n1.2.3.5\tb\n::1\tc\n::2\td\n::3\te\n")
	resolv := ok(t, "run", "--rm", "--dns-search", "example.org.", "--dns-search", "lab_1", "--dns-option", "ndots:2", "tutor/lab", "cat", "/etc/resolv.conf")
	require.Contains(t, resolv, "\nsearch example.org lab_1\noptions ndots:2\n")
	require.NotContains(t, ok(t, "run", "--rm", "--dns-search", ".", "tutor/lab", "cat", "/etc/resolv.conf"), "search")
}

// A name that breaks a line would be a line more of the container's own files, whatever is said there.
func TestNoNameMakesLines(t *testing.T) {
	root(t)
	for _, row := range []struct{ flag, value, says string }{
		{"-h", "x\n1.2.3.4 evil.com", "invalid hostname: "},
		{"-h", "x evil.com", "invalid hostname: "},
		{"-h", "x#", "invalid hostname: "},
		{"-h", strings.Repeat("x", 65), "invalid hostname: "},
		{"--dns-search", "a\nnameserver 6.6.6.6", "is not a valid domain"},
		{"--dns-search", "a b;c", `"a b;c" is not a valid domain`},
		{"--dns-search", "", "is not a valid domain"},
		{"--dns-search", "9.9.9.9", "is not a valid domain"},
		{"--dns-option", "x\nnameserver 6.6.6.6", `invalid argument "x\nnameserver 6.6.6.6" for "--dns-option" flag`},
		{"--dns", "fe80::1%x\nnameserver 6.6.6.6", "ip address is not correctly formatted"},
		{"--add-host", "a:fe80::1%x\n1.2.3.4 evil.com", "bad format for add-host"},
		{"--add-host", "a\nb:1.2.3.4", "bad format for add-host"},
		{"--add-host", "a b=1.2.3.4", "bad format for add-host"},
		{"--add-host", "a:[1.2.3.4", "bad format for add-host"},
	} {
		r := tutor(t, "run", "--rm", row.flag, row.value, "tutor/lab", "true")
		require.Equal(t, 125, r.code, "%s %q", row.flag, row.value)
		require.Contains(t, r.stderr, row.says)
		require.Regexp(t, "^tutor: .*\ntutor: hint: .*\n$", r.stderr)
	}
	ok(t, "run", "--rm", "-h", strings.Repeat("x", 64), "tutor/lab", "true")
}
