package staging

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/burnish-photo/burnish/plugin/beneath"
)

func TestNamesOfNewFoldersAreSynced(t *testing.T) {
	root := t.TempDir()
	leaf := filepath.Join(root, "2024", "05")
	for _, want := range [][]string{{filepath.Dir(leaf), root}, nil} { // the second time it is there
		var synced []string
		err := makeFolder(leaf, func(name string) error {
			synced = append(synced, name)
			return beneath.SyncFolder(name)
		})
		if err != nil || !slices.Equal(synced, want) {
			t.Errorf("synced %v, want %v; %v", synced, want, err)
		}
	}
}
