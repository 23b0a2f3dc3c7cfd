package plugin

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"golang.org/x/sys/unix"
)

// DropGone drops the records of photos that have been gone, with all their
// outputs, for as long as the configuration keeps them: nothing is left that
// they protect. A photo on a file system that is not mounted is not gone. It may
// be asked often, and looks once a day.
func (e *Engine) DropGone(now time.Time) error {
	keep := e.config.Ledger.Retention
	if e.ledger == nil || keep == 0 {
		return nil
	}
	m := mounts{}
	var errs []error
	n, err := e.ledger.Retain(now, history.Rule{
		Keep: keep,
		Gone: m.gone,
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
	m, paths := mounts{}, files(entry)
	var all []string
	if slices.ContainsFunc(paths, func(path string) bool { _, err := os.Lstat(path); return err != nil }) {
		all = slices.Clone(entry.Mounts)
	}
	for _, path := range paths {
		if name := m.of(path); name != "" && !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	entry.Mounts = all
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

// mounts remembers, for a moment, what file system each folder lies on.
type mounts map[string]string

// gone reports whether an entry's files are all gone though every file system
// that they lay on is there, and no other in its place. It is so of no record
// that names none.
func (m mounts) gone(entry history.Record) bool {
	paths := files(entry)
	if slices.ContainsFunc(paths, there) {
		return false
	}
	if entry.Path == "" { // outputs that no record tells of
		return !slices.ContainsFunc(paths, func(path string) bool { return isEmpty(filepath.Dir(path)) }) // which may be on another disk
	}
	for _, name := range entry.Mounts {
		if point := mountPoint(name); point == "" || m.of(point) != name {
			return false
		}
	}
	return len(entry.Mounts) > 0 && !slices.ContainsFunc(paths, func(path string) bool { return !slices.Contains(entry.Mounts, m.of(path)) })
}

// of names the file system that a path lies on, or would lie on: by the folder
// that it is mounted on and its own identity. It is "" where that cannot be
// told, as beyond a link that leads nowhere.
func (m mounts) of(path string) string {
	if info, err := os.Lstat(path); err != nil || !info.IsDir() {
		path = filepath.Dir(path)
	}
	name, known := m[path]
	if !known {
		name = mountOf(path)
		m[path] = name
	}
	return name
}

func mountOf(folder string) string {
	for {
		_, err := os.Lstat(folder)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || folder == filepath.Dir(folder) {
			return ""
		}
		folder = filepath.Dir(folder)
	}
	folder, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return ""
	}
	for folder != filepath.Dir(folder) && !isMountPoint(folder) {
		folder = filepath.Dir(folder)
	}
	var s unix.Statfs_t
	if unix.Statfs(folder, &s) != nil || s.Type == unix.AUTOFS_SUPER_MAGIC {
		return ""
	}
	return fmt.Sprintf("%s %x:%x:%x", folder, s.Type, uint32(s.Fsid.Val[0]), uint32(s.Fsid.Val[1]))
}

// isMountPoint reports whether a file system is mounted on the folder.
func isMountPoint(folder string) bool {
	var s, above unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, folder, unix.AT_SYMLINK_NOFOLLOW, 0, &s) != nil {
		return false
	}
	if s.Attributes_mask&unix.STATX_ATTR_MOUNT_ROOT != 0 {
		return s.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0
	}
	return unix.Statx(unix.AT_FDCWD, filepath.Dir(folder), 0, 0, &above) == nil && (s.Dev_major != above.Dev_major || s.Dev_minor != above.Dev_minor)
}
