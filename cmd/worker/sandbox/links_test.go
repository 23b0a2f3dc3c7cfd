package sandbox

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Another user's link below a folder of outputs does not open to the process what
// it leads to.
func TestLinksOfOthersOpenNothing(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("root alone can make another user's link")
	}
	for _, tt := range []struct {
		name           string
		folder, linker int
		followed       bool
	}{
		{"of root", 1, 0, true},
		{"of the folder's owner", 1, 1, true},
		{"of another", 1, 2, false},
		{"of another, in root's folder", 0, 2, false},
	} {
		dir, aim := t.TempDir(), t.TempDir()
		link := filepath.Join(dir, "2024")
		if err := os.Symlink(aim, link); err != nil {
			t.Fatal(err)
		}
		if err := os.Lchown(link, tt.linker, 0); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(dir, tt.folder, 0); err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(WithLinks(dir), aim); got != tt.followed {
			t.Errorf("%s: followed %t", tt.name, got)
		}
	}
}
