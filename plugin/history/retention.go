package history

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/plugin/mounts"
)

// DropGone drops the records of photos that have been gone, with all their
// outputs, for as long as they are to be kept; 0 keeps them for ever: nothing is left that
// they protect. A photo on a file system that is not mounted is not gone. It may
// be asked often, and looks once a day.
func (h *History) DropGone(now time.Time, keep time.Duration) error {
	if h.Store == nil || keep == 0 {
		return nil
	}
	m := mounts.Cache{}
	var errs []error
	n, err := h.Store.Retain(now, Rule{
		Keep: keep,
		Gone: func(entry Record) bool { return gone(m, entry) },
		Dropped: func(entry Record) {
			if err := os.Remove(reasonFile(h.StateDir, entry)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
			if entry.Review != nil {
				errs = append(errs, entry.Review.Remove(h.StateDir))
			}
		},
	})
	if n > 0 {
		h.Log.Info("records of photos were dropped that are gone, and their outputs too", "records", n, "for", keep)
	}
	return errors.Join(append(errs, err)...)
}

// gone reports whether nothing is left of an entry's files, as far as their file
// systems are there.
func gone(m mounts.Cache, entry Record) bool {
	paths := entry.files()
	if entry.Path != "" {
		return m.Gone(paths, entry.Mounts)
	}
	// Outputs that no record tells of may be on a disk that is not there.
	return !slices.ContainsFunc(paths, func(path string) bool { return mounts.MayExist(path) || mounts.IsEmpty(filepath.Dir(path)) })
}
