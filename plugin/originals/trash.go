package originals

import (
	"errors"
	"fmt"
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
// is to be kept there. What cannot be removed keeps nothing else from going.
func EmptyTrash(stateDir string, now time.Time) error {
	folders, err := os.ReadDir(TrashFolder(stateDir))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	errs := []error{err}
	for _, folder := range folders {
		retention, err := time.ParseDuration(folder.Name())
		if err != nil {
			continue // not ours
		}
		errs = append(errs, removeOlder(filepath.Join(TrashFolder(stateDir), folder.Name()), now.Add(-retention)))
	}
	return errors.Join(errs...)
}

// removeOlder removes the files that came to folder before then, and folders
// that are empty. Its error tells of the first that it could not, and of how many.
func removeOlder(folder string, then time.Time) error {
	var folders []string
	var failed error
	more := 0
	fail := func(err error) {
		switch {
		case err == nil, errors.Is(err, fs.ErrNotExist): // brought back meanwhile
		case failed == nil:
			failed = err
		default:
			more++
		}
	}
	_ = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			folders = append(folders, path)
			fail(err)
			return nil
		}
		info, err := d.Info()
		if err == nil && source.Arrived(info).Before(then) {
			err = os.Remove(path)
		}
		fail(err)
		return nil
	})
	for i := len(folders) - 1; i > 0; i-- {
		_ = os.Remove(folders[i]) // the empty ones
	}
	if more > 0 {
		failed = fmt.Errorf("%w, and %d more", failed, more)
	}
	return failed
}
