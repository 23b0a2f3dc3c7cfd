package cache

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// temporary begins the names of files that are being written.
const temporary = ".writing-"

// abandoned is how old such a file is when nobody writes it any more.
const abandoned = time.Hour

// Stats are figures of a cache.
type Stats struct {
	Files  int       `json:"files"`
	Bytes  int64     `json:"bytes"`           // on the disk
	Oldest time.Time `json:"oldest,omitzero"` // last use of the file that goes first
	Newest time.Time `json:"newest,omitzero"`
}

// kept is a file of a cache.
type kept struct {
	path  string
	bytes int64
	used  time.Time
}

// Stat looks at the cache in a folder. One that is not there is empty.
func Stat(folder string) (Stats, error) { return look(folder) }

func look(folder string) (s Stats, err error) {
	err = each(folder, func(k kept) error {
		s.add(k)
		return nil
	})
	return s, err
}

func (s *Stats) add(k kept) {
	s.Files++
	s.Bytes += k.bytes
	if s.Oldest.IsZero() || k.used.Before(s.Oldest) {
		s.Oldest = k.used
	}
	if k.used.After(s.Newest) {
		s.Newest = k.used
	}
}

// each calls f for every file, and removes what was abandoned while it was written.
func each(folder string, f func(kept) error) error {
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		if strings.HasPrefix(d.Name(), temporary) {
			if time.Since(info.ModTime()) > abandoned {
				return os.Remove(path)
			}
			return nil
		}
		if key, err := hex.DecodeString(d.Name()); err != nil || len(key) != sha256.Size {
			return nil // somebody else's
		}
		return f(kept{path, occupied(info.Size()), info.ModTime()})
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// occupied is what a file of that size takes on the disk.
func occupied(size int64) int64 { return (size + 4095) / 4096 * 4096 }

// Prune removes the files that were not used for the longest time until the others
// take no more than that many bytes.
func Prune(folder string, bytes int64) (removed, left Stats, err error) {
	var all []kept
	if err := each(folder, func(k kept) error {
		all = append(all, k)
		left.add(k)
		return nil
	}); err != nil {
		return removed, left, err
	}
	slices.SortFunc(all, func(a, b kept) int { return a.used.Compare(b.used) })
	var errs []error
	n := 0
	for ; n < len(all) && left.Bytes > bytes; n++ {
		if err := os.Remove(all[n].path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
			continue
		}
		removed.add(all[n])
		left.Bytes -= all[n].bytes
		left.Files--
	}
	if left.Oldest = (time.Time{}); n < len(all) {
		left.Oldest = all[n].used
	}
	return removed, left, errors.Join(errs...)
}

// Verify reads every file and removes those that are damaged.
func Verify(ctx context.Context, folder string, damaged func(path string, err error)) (s Stats, err error) {
	err = each(folder, func(k kept) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		f, err := os.Open(k.path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			_, err = read(f)
			err = errors.Join(err, f.Close())
		}
		if err == nil {
			s.add(k)
			return nil
		}
		damaged(k.path, err)
		return os.Remove(k.path)
	})
	return s, err
}
