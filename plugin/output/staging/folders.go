package staging

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/burnish-photo/burnish/plugin/beneath"
)

// MakeFolder makes a folder and those above it that are missing, and sees that
// their names are on the disk.
func MakeFolder(folder string) error { return makeFolder(folder, beneath.SyncFolder) }

func makeFolder(folder string, sync func(string) error) error {
	var grown []string // folders that get a new one, from the leaf upwards
	for at := folder; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		grown = append(grown, filepath.Dir(at))
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for _, name := range grown {
		if err := sync(name); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return nil
}

// folderBelow opens a folder below root, both made where they are missing. Links
// on the way from the one to the other are followed where they are those of
// root, of this process's user or of the folder's owner.
func folderBelow(root, folder string) (*beneath.Folder, error) {
	rel, err := filepath.Rel(root, folder)
	if err != nil {
		return nil, err
	}
	if err := MakeFolder(root); err != nil {
		return nil, err
	}
	top, err := beneath.Open(root)
	if err != nil {
		return nil, err
	}
	defer top.Close()
	return top.Make(rel, beneath.Trusted, 0o777)
}

// OpenBelow opens an output for reading, by the way that outputs are written.
func OpenBelow(root, path string) (*os.File, error) {
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return nil, err
	}
	top, err := beneath.Open(root)
	if err != nil {
		return nil, err
	}
	defer top.Close()
	return top.File(rel, beneath.Trusted)
}
