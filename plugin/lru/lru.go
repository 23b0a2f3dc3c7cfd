// Package lru keeps folders of files within a budget of bytes: the files that were
// not used for the longest time go first. The time of a file's last use is its
// modification time. Several processes may use one folder.
//
// What cannot be read or removed is left where it is, reported, and keeps nothing
// else from being looked at. The package knows nothing of what the files hold.
package lru

import (
	"cmp"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// File is a file that may go.
type File struct {
	Path  string
	Bytes int64 // that it takes on the disk
	Used  time.Time
}

// Occupied is what a file of that size takes on the disk.
func Occupied(size int64) int64 { return (size + 4095) / 4096 * 4096 }

// Files are those below a folder that are chosen, in no order. A folder that is not
// there has none. The error tells what could not be looked at.
func Files(folder string, chosen func(name string, info fs.FileInfo) bool) (all []File, err error) {
	var errs []error
	_ = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		var info fs.FileInfo
		if err == nil && d.Type().IsRegular() {
			info, err = d.Info()
		}
		switch {
		case errors.Is(err, fs.ErrNotExist): // somebody else was faster
		case err != nil:
			errs = append(errs, err)
		case info != nil && chosen(d.Name(), info):
			all = append(all, File{path, Occupied(info.Size()), info.ModTime()})
		}
		return nil
	})
	return all, errors.Join(errs...)
}

// Sum is the number of bytes that files take.
func Sum(files []File) (bytes int64) {
	for _, f := range files {
		bytes += f.Bytes
	}
	return bytes
}

// Evict removes files, those that were not used for the longest time first, until
// enough says so of the bytes of those that are left. One that cannot be removed
// stays among these.
func Evict(files []File, enough func(left int64) bool) (removed, left []File, err error) {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b File) int { return cmp.Or(a.Used.Compare(b.Used), cmp.Compare(a.Path, b.Path)) })
	bytes := Sum(files)
	var errs []error
	for i, f := range files {
		if enough(bytes) {
			left = append(left, files[i:]...)
			break
		}
		if err := os.Remove(f.Path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs, left = append(errs, err), append(left, f)
			continue
		}
		removed, bytes = append(removed, f), bytes-f.Bytes
	}
	return removed, left, errors.Join(errs...)
}
