package originals

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/burnish-photo/burnish/plugin/source"
)

// TrashFolder is where a state folder keeps the trash: a folder named by its
// retention for each.
func TrashFolder(stateDir string) string { return filepath.Join(stateDir, "trash") }

// TrashFor is where the trash keeps originals for that long.
func TrashFor(stateDir string, retention time.Duration) string {
	return filepath.Join(TrashFolder(stateDir), retention.String())
}

// EmptyTrash removes what has been in a state folder's trash for as long as it
// is to be kept there.
func EmptyTrash(stateDir string, now time.Time) error {
	folders, _ := filepath.Glob(filepath.Join(TrashFolder(stateDir), "*"))
	var errs []error
	for _, folder := range folders {
		retention, err := time.ParseDuration(filepath.Base(folder))
		if err != nil {
			continue // not ours
		}
		errs = append(errs, removeOlder(folder, now.Add(-retention)))
	}
	return errors.Join(errs...)
}

// removeOlder removes the files that came to folder before then, and folders
// that are empty.
func removeOlder(folder string, then time.Time) error {
	var folders []string
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			folders = append(folders, path)
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if source.Arrived(info).Before(then) {
			return os.Remove(path)
		}
		return nil
	})
	for i := len(folders) - 1; i > 0; i-- {
		_ = os.Remove(folders[i]) // the empty ones
	}
	return err
}
