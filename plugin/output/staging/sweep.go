package staging

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// abandoned is the age from which no engine works on a stateless file any more.
const abandoned = 24 * time.Hour

// Sweep removes the temporary files that a killed process of this prefix left
// below root, and old ones that are [Stateless]. Nobody with it may be staging anything
// there. What may not be looked into is passed over.
func (t TempPrefix) Sweep(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return nil
		}
		if err != nil {
			return err
		}
		if !strings.HasSuffix(d.Name(), temporarySuffix) || !t.left(d) {
			return nil
		}
		switch {
		case d.Type().IsRegular():
			return os.Remove(path)
		case d.IsDir():
			return errors.Join(os.RemoveAll(path), fs.SkipDir)
		}
		return nil
	})
}

func (t TempPrefix) left(d fs.DirEntry) bool {
	if strings.HasPrefix(d.Name(), t.prefix()) {
		return true
	}
	info, err := d.Info()
	return err == nil && strings.HasPrefix(d.Name(), Stateless.prefix()) && time.Since(info.ModTime()) > abandoned
}
