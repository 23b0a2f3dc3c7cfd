package mounts

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/burnish-photo/burnish/watcher/paths"
)

// Store remembers the file systems that folders lie on; a [history.Store] is one.
type Store interface {
	Mount(folder string) (mount string, err error)
	SetMount(folder, mount string) error
}

// UnmountedError is a folder whose disk is not mounted.
type UnmountedError struct{ Folder, Point string }

func (e *UnmountedError) Error() string {
	return fmt.Sprintf("the folder %s lay on the disk mounted at %s, which is not there", e.Folder, e.Point)
}

// Check refuses a folder whose disk was unmounted since it was last written to,
// by an [UnmountedError]; other errors are the store's. Such a folder, of outputs
// or of originals, is not filled on the disk below, unless it holds anything:
// then it is to be where it is now. The store remembers.
func Check(s Store, folder string) error {
	was, err := s.Mount(folder)
	if err != nil {
		return err
	}
	now := Of(folder)
	elsewhere := now == "" || identity(now) != identity(was) && !paths.ResolvedWithin(point(now), point(was))
	if was != "" && elsewhere && leadsBelow(folder, point(was)) && IsEmpty(folder) {
		return &UnmountedError{folder, point(was)}
	}
	if now == was || now == "" {
		return nil
	}
	return s.SetMount(folder, now)
}

// leadsBelow reports whether a folder is below the mount point still, or cannot
// be followed; a link to it may have been made to lead elsewhere.
func leadsBelow(folder, point string) bool {
	for at := folder; ; at = filepath.Dir(at) {
		real, err := filepath.EvalSymlinks(at)
		if err == nil {
			rest, _ := filepath.Rel(at, folder)
			return paths.ResolvedWithin(filepath.Join(real, rest), point)
		}
		if _, err := os.Lstat(at); err == nil || at == filepath.Dir(at) {
			return true // a link that leads nowhere
		}
	}
}
