// Package mounts tells on which file systems files lie, so that a disk that is
// not mounted is not taken for an empty folder: what is written to it would fill
// the disk below, and what lies on it is not gone.
//
// A file system goes by a name that holds its mount point and its identity. The
// package keeps none: a [Store] remembers those of folders.
package mounts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// Of names the file system that a path lies on, or would lie on: by the folder
// that it is mounted on and its own identity. It is "" where that cannot be
// told, as beyond a link that leads nowhere.
func Of(path string) string {
	for {
		_, err := os.Lstat(path)
		if err == nil {
			break
		}
		if !errors.Is(err, fs.ErrNotExist) || path == filepath.Dir(path) {
			return ""
		}
		path = filepath.Dir(path)
	}
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	for path != filepath.Dir(path) && !isPoint(path) {
		path = filepath.Dir(path)
	}
	var s unix.Statfs_t
	if unix.Statfs(path, &s) != nil || s.Type == unix.AUTOFS_SUPER_MAGIC {
		return ""
	}
	return fmt.Sprintf("%s %x:%x:%x", path, s.Type, uint32(s.Fsid.Val[0]), uint32(s.Fsid.Val[1]))
}

// isPoint reports whether a file system is mounted on the folder.
func isPoint(folder string) bool {
	var s, above unix.Statx_t
	if unix.Statx(unix.AT_FDCWD, folder, unix.AT_SYMLINK_NOFOLLOW, 0, &s) != nil {
		return false
	}
	if s.Attributes_mask&unix.STATX_ATTR_MOUNT_ROOT != 0 {
		return s.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0
	}
	return unix.Statx(unix.AT_FDCWD, filepath.Dir(folder), 0, 0, &above) == nil && (s.Dev_major != above.Dev_major || s.Dev_minor != above.Dev_minor)
}

// point is the folder that the file system of that name is mounted on.
func point(name string) string { return name[:max(0, strings.LastIndex(name, " "))] }

// identity is what tells a file system from others wherever it is mounted, as
// far as it has anything: a part of it may be mounted once more elsewhere.
func identity(name string) string {
	id := name[strings.LastIndex(name, " ")+1:]
	if strings.HasSuffix(id, ":0:0") {
		return name
	}
	return id
}

// Cache remembers, for a moment, what file system each folder lies on.
type Cache map[string]string

// Of is [Of].
func (c Cache) Of(path string) string {
	if info, err := os.Lstat(path); err != nil || !info.IsDir() {
		path = filepath.Dir(path)
	}
	name, known := c[path]
	if !known {
		name = Of(path)
		c[path] = name
	}
	return name
}

// Names are the file systems that files lie on. Where one of the files is not to
// be seen, those that they lay on before are among them.
func (c Cache) Names(paths, before []string) (names []string) {
	if slices.ContainsFunc(paths, func(path string) bool { _, err := os.Lstat(path); return err != nil }) {
		names = slices.Clone(before)
	}
	for _, path := range paths {
		if name := c.Of(path); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// Gone reports whether files are all gone though every file system that they lay
// on is there, and no other in its place. Where none is known it is false.
func (c Cache) Gone(paths, names []string) bool {
	if len(names) == 0 || slices.ContainsFunc(paths, MayExist) {
		return false
	}
	for _, name := range names {
		if point(name) == "" || c.Of(point(name)) != name {
			return false
		}
	}
	return !slices.ContainsFunc(paths, func(path string) bool { return !slices.Contains(names, c.Of(path)) })
}

// MayExist reports whether something lies at path, or may, where that cannot be
// seen.
func MayExist(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// IsEmpty reports whether a folder holds nothing, or is not there.
func IsEmpty(folder string) bool {
	f, err := os.Open(folder)
	if err != nil {
		return true
	}
	defer f.Close()
	names, _ := f.Readdirnames(1)
	return len(names) == 0
}

// Unreachable reports whether err is of a file system that is out of reach.
func Unreachable(err error) bool {
	return slices.ContainsFunc([]error{syscall.ENOTCONN, syscall.ESTALE, syscall.EIO, syscall.EHOSTDOWN, syscall.ETIMEDOUT, syscall.ENODEV},
		func(dead error) bool { return errors.Is(err, dead) })
}
