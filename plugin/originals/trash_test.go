package originals_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/originals"
)

// A state folder whose name is a pattern has its own trash emptied, and no other.
func TestTheTrashOfAFolderNamedLikeAPattern(t *testing.T) {
	parent := t.TempDir()
	for _, state := range []string{"state[ab]", "statea"} {
		trash := originals.TrashFor(filepath.Join(parent, state), time.Hour)
		for _, folder := range []string{trash, filepath.Join(filepath.Dir(trash), "not ours")} {
			if err := errors.Join(os.MkdirAll(folder, 0o700), os.WriteFile(filepath.Join(folder, "a.jpg"), nil, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := originals.EmptyTrash(filepath.Join(parent, "state[ab]"), time.Now().Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	for path, stays := range map[string]bool{"state[ab]/trash/1h0m0s/a.jpg": false, "state[ab]/trash/not ours/a.jpg": true, "statea/trash/1h0m0s/a.jpg": true} {
		if _, err := os.Lstat(filepath.Join(parent, path)); (err == nil) != stays {
			t.Errorf("%s stays: %v", path, err == nil)
		}
	}
	if err := originals.EmptyTrash(t.TempDir(), time.Now()); err != nil {
		t.Errorf("no trash: %v", err)
	}
}
