// Package statefile replaces small files of a state folder whole. It knows nothing
// of what is in them.
package statefile

import (
	"errors"
	"os"
	"path/filepath"
)

// Write gives path the data, on the disk, under a temporary name first: a reader,
// and whatever comes after a crash, finds the file as it was or as it is to be.
// One goroutine at a time may write a path; what a crash leaves of the temporary
// file, the next call replaces.
func Write(path string, data []byte, perm os.FileMode) error {
	temporary := path + ".tmp"
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, perm)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(temporary, path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close()) // else a power cut may take the name back
}
