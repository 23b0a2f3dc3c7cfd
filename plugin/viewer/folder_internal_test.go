package viewer

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// What a killed process was making is removed, and nothing of another folder.
func TestWhatWasBeingMadeIsRemoved(t *testing.T) {
	parent := t.TempDir()
	for _, state := range []string{"state[ab]", "statea"} {
		folder := filepath.Join(parent, state, folderName)
		err := os.MkdirAll(folder, 0o700)
		for _, name := range []string{"x" + suffix, "x" + eighthSuffix, "y" + partial} {
			err = errors.Join(err, os.WriteFile(filepath.Join(folder, name), nil, 0o600))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	newFolder(Options{StateDir: filepath.Join(parent, "state[ab]")})
	for state, want := range map[string]int{"state[ab]": 2, "statea": 3} {
		if left, err := os.ReadDir(filepath.Join(parent, state, folderName)); len(left) != want || err != nil {
			t.Errorf("%s: %v, %v", state, left, err)
		}
	}
}
