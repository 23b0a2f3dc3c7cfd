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

	"github.com/burnish-photo/burnish/plugin/lru"
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

// Stat looks at the cache in a folder. One that is not there is empty.
func Stat(folder string) (Stats, error) { return look(folder) }

func look(folder string) (Stats, error) {
	all, err := files(folder)
	return statsOf(all), err
}

func statsOf(all []lru.File) (s Stats) {
	for _, f := range all {
		s.add(f)
	}
	return s
}

func (s *Stats) add(f lru.File) {
	s.Files++
	s.Bytes += f.Bytes
	if s.Oldest.IsZero() || f.Used.Before(s.Oldest) {
		s.Oldest = f.Used
	}
	if f.Used.After(s.Newest) {
		s.Newest = f.Used
	}
}

// files are those of the cache. What was abandoned while it was written is removed.
// The error tells what could not be looked at.
func files(folder string) ([]lru.File, error) {
	var abandon []lru.File
	all, err := lru.Files(folder, func(name string, info fs.FileInfo) bool {
		key, err := hex.DecodeString(name)
		return strings.HasPrefix(name, temporary) && time.Since(info.ModTime()) > abandoned || err == nil && len(key) == sha256.Size // else somebody else's
	})
	all = slices.DeleteFunc(all, func(f lru.File) bool {
		left := strings.HasPrefix(filepath.Base(f.Path), temporary)
		if left {
			abandon = append(abandon, f)
		}
		return left
	})
	_, _, failed := lru.Evict(abandon, func(left int64) bool { return left == 0 })
	return all, errors.Join(err, failed)
}

// Prune removes the files that were not used for the longest time until the others
// take no more than that many bytes. What cannot be reached is left out, and told of
// by the error.
func Prune(folder string, bytes int64) (removed, left Stats, err error) {
	all, err := files(folder)
	gone, rest, failed := lru.Evict(all, func(left int64) bool { return left <= bytes })
	return statsOf(gone), statsOf(rest), errors.Join(err, failed)
}

// Verify reads every file and removes those that are damaged.
func Verify(ctx context.Context, folder string, damaged func(path string, err error)) (s Stats, err error) {
	all, err := files(folder)
	errs := []error{err}
	for _, f := range all {
		if err := ctx.Err(); err != nil {
			return s, err
		}
		err := verify(f.Path)
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err == nil:
			s.add(f)
		default:
			damaged(f.Path, err)
			errs = append(errs, os.Remove(f.Path))
		}
	}
	return s, errors.Join(errs...)
}

// verify reads one file.
func verify(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	_, err = read(f)
	return errors.Join(err, f.Close())
}
