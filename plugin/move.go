package plugin

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxNames is how many photos of one name a folder may come to hold.
const maxNames = 10_000

// relocate moves a file to the name to, or to one like it with a number where
// that is taken, and returns where it lies now. Nothing is ever replaced. To
// another file system it is copied, synced and read back before the file at
// from is removed. Both folders are synced.
func relocate(from, to string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return "", err
	}
	ext := filepath.Ext(to)
	stem := strings.TrimSuffix(to, ext)
	for n := 1; n < maxNames; n++ {
		name := to
		if n > 1 {
			name = fmt.Sprintf("%s-%d%s", stem, n, ext)
		}
		err := moveTo(from, name)
		if errors.Is(err, os.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		return name, errors.Join(syncFolder(filepath.Dir(name)), syncFolder(filepath.Dir(from)))
	}
	return "", fmt.Errorf("%s holds %d files of that name: move some away", filepath.Dir(to), maxNames)
}

// moveTo fails with os.ErrExist where the name is taken.
func moveTo(from, to string) error {
	err := renameNew(from, to)
	if !errors.Is(err, syscall.EXDEV) {
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return &os.PathError{Op: "move to", Path: to, Err: os.ErrExist}
	}
	return copyAway(from, to)
}

// renameNew renames within a file system, replacing nothing.
func renameNew(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) {
		if err != nil {
			return &os.LinkError{Op: "move", Old: from, New: to, Err: err}
		}
		return nil
	}
	if _, err := os.Lstat(to); err == nil { // a file system that cannot promise it
		return &os.PathError{Op: "move to", Path: to, Err: os.ErrExist}
	}
	return os.Rename(from, to)
}

// copyAway copies a file to a new name on another file system and removes it
// once the copy has been read back and it is still what was copied.
func copyAway(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	temporary, err := copyBeside(from, to, info)
	if err != nil {
		return err
	}
	defer os.Remove(temporary)
	want, err := digest(from)
	if err != nil {
		return err
	}
	if got, err := digest(temporary); err != nil || got != want {
		return errors.Join(fmt.Errorf("the copy of %s in %s does not read back as it was written", from, filepath.Dir(to)), err)
	}
	now, err := os.Stat(from)
	if err != nil {
		return err
	}
	if !os.SameFile(now, info) || now.Size() != info.Size() || !now.ModTime().Equal(info.ModTime()) {
		return fmt.Errorf("%s changed while it was moved: it stays", from)
	}
	if err := renameNew(temporary, to); err != nil {
		return err
	}
	if err := syncFolder(filepath.Dir(to)); err != nil {
		return err
	}
	if err := os.Remove(from); err != nil && !errors.Is(err, os.ErrNotExist) {
		if still, e := os.Stat(from); e == nil && os.SameFile(still, info) {
			err = errors.Join(err, os.Remove(to)) // it stays where it was, once
		}
		return err
	}
	return nil // where it is gone by now, the copy is all that is left
}

// copyBeside copies from, with its mode, owner and time, to a temporary file in
// to's folder and syncs it.
func copyBeside(from, to string, info os.FileInfo) (temporary string, err error) {
	in, err := os.Open(from)
	if err != nil {
		return "", err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(to), ".burnish-moving-*.tmp")
	if err != nil {
		return "", err
	}
	_, err = io.Copy(out, in)
	err = errors.Join(err, out.Chmod(info.Mode().Perm()))
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		_ = out.Chown(int(s.Uid), int(s.Gid)) // only root may
	}
	err = errors.Join(err, os.Chtimes(out.Name(), info.ModTime(), info.ModTime()), out.Sync(), out.Close())
	if err != nil {
		os.Remove(out.Name())
		return "", fmt.Errorf("copy %s to %s: %w", from, filepath.Dir(to), err)
	}
	return out.Name(), nil
}

func syncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
