package token_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/burnish-photo/burnish/cmd/serve/token"
)

// Two daemons are told apart by what lies in their state folders, not by where
// they lie; one daemon stays the same.
func TestInstancesAreToldApart(t *testing.T) {
	first, second := t.TempDir(), t.TempDir()
	name := func(dir string) string {
		t.Helper()
		n, err := token.Instance(dir)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	a := name(first)
	if a != name(first) || a == name(second) || len(a) != 8 {
		t.Error(a, name(first), name(second))
	}
	if err := os.WriteFile(filepath.Join(first, "instance.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if b := name(first); b == a || b != name(first) {
		t.Error("a damaged name is not made anew: ", b)
	}
	if one, other := name(""), name(""); one == other {
		t.Error("daemons without a state folder have one name")
	}
}
