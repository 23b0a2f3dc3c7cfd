package plugin

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/mounts"
)

// DropGone drops the records of photos that have been gone, with all their
// outputs, for as long as the configuration keeps them: nothing is left that
// they protect. A photo on a file system that is not mounted is not gone. It may
// be asked often, and looks once a day.
func (e *Engine) DropGone(now time.Time) error {
	keep := e.config.Retention
	if e.ledger == nil || keep == 0 {
		return nil
	}
	m := mounts.Cache{}
	var errs []error
	n, err := e.ledger.Retain(now, history.Rule{
		Keep: keep,
		Gone: func(entry history.Record) bool { return gone(m, entry) },
		Dropped: func(entry history.Record) {
			if err := os.Remove(reasonFile(e.config.StateDir, entry)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		},
	})
	if n > 0 {
		e.log.Info("records of photos were dropped that are gone, and their outputs too", "records", n, "for", keep)
	}
	return errors.Join(append(errs, err)...)
}

// record stores an entry, with the file systems that its files lie on and, where
// one of them is not to be seen, those that they lay on before.
func (e *Engine) record(entry history.Record) error {
	entry.Mounts = mounts.Cache{}.Names(files(entry), entry.Mounts)
	return e.ledger.Put(entry)
}

// files are the places of all files that an entry tells of.
func files(entry history.Record) (paths []string) {
	for _, path := range []string{entry.Path, entry.MovedTo} {
		if path != "" {
			paths = append(paths, path)
		}
	}
	for _, o := range entry.Outputs {
		paths = append(paths, o.Path)
	}
	return paths
}

// gone reports whether nothing is left of an entry's files, as far as their file
// systems are there.
func gone(m mounts.Cache, entry history.Record) bool {
	paths := files(entry)
	if entry.Path != "" {
		return m.Gone(paths, entry.Mounts)
	}
	// Outputs that no record tells of may be on a disk that is not there.
	return !slices.ContainsFunc(paths, func(path string) bool { return mounts.MayExist(path) || mounts.IsEmpty(filepath.Dir(path)) })
}
