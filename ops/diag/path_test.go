package diag

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Mango#277, compose#301: originals were moved into a folder named $HOME.
func TestPathsOfAShell(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	real := filepath.Join(home, "$RECYCLE.BIN")
	if err := os.Mkdir(real, 0o755); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"~/restored": home + "/restored", "~": home, "~/": home, "~/a/../b": home + "/b",
		"/srv/photos": "/srv/photos", "./a~b": "./a~b", "photos/~x": "photos/~x", "./~/x": "./~/x", "cost 5$": "cost 5$", "a$1": "a$1", "": "", real: real,
	} {
		if got, err := ExpandPath(path); err != nil || got != want {
			t.Errorf("%q became %q, %v; want %q", path, got, err, want)
		}
	}
	for path, want := range map[string]string{
		"$HOME/originals": "$HOME is a variable", "/srv/${USER}/x": "${USER} is a variable", "~anna/x": "home folder of the user anna", "~/x/$DIR": "$DIR is a variable", "a/$B": "$B is a variable",
	} {
		if got, err := ExpandPath(path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q became %q, %v; want %q", path, got, err, want)
		}
	}
	os.Unsetenv("HOME")
	if _, err := ExpandPath("~/x"); err == nil || !strings.Contains(err.Error(), "HOME is not set") {
		t.Errorf("without HOME: %v", err)
	}
}
