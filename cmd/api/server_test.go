package api

import (
	"io/fs"
	"os"
	"testing"
)

// Members of the daemon's group may drop photos; they read no ledger, and pause
// or retry nothing.
func TestTheGroupDoesNotAdminister(t *testing.T) {
	for _, tt := range []struct {
		name         string
		mode         fs.FileMode
		group        int
		then, socket fs.FileMode
		administers  bool
	}{
		{"as it was made before", 0o750, ownGroup, 0o700, 0o600, false},
		{"with links for all", 0o755, ownGroup, 0o700, 0o600, false},
		{"a user's alone", 0o700, ownGroup, 0o700, 0o600, false},
		{"with a group of its own", 0o750, 4, 0o750, 0o660, true},
		{"of another group, which may not look in", 0o700, 4, 0o700, 0o600, false},
	} {
		if tt.group != ownGroup && os.Getuid() != 0 {
			continue
		}
		dir := t.TempDir()
		if err := os.Chown(dir, -1, tt.group); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(dir, tt.mode); err != nil {
			t.Fatal(err)
		}
		socket, group := administrators(dir)
		info, err := os.Stat(dir)
		if err != nil {
			t.Fatal(err)
		}
		if socket != tt.socket || info.Mode().Perm() != tt.then || (group != ownGroup) != tt.administers {
			t.Errorf("%s: socket %o, folder %o, group %d", tt.name, socket, info.Mode().Perm(), group)
		}
	}
}
