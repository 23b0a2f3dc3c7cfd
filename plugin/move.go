package plugin

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/plugin/output"
	"golang.org/x/sys/unix"
)

// maxNames is how many photos of one name a folder may come to hold.
const maxNames = 10_000

// writing is for how long a file must have been left alone before it is copied
// away though nobody knows that it is whole.
const writing = 5 * time.Minute

// mover moves originals.
type mover struct {
	owner output.Owner // of temporary files

	// before is told of each name that is about to be tried, where it is set.
	before func(name string) error

	// quiet is for how long a file must not have changed to go to another file
	// system: who still writes to it would write to what was removed.
	quiet time.Duration
}

// relocate moves a file to the name to, or to one like it with a number where
// that is taken, and returns where it lies now, "" where it stays. Nothing is
// ever replaced. To another file system it is copied, synced and read back
// before the file at from is removed. Links stay. Both folders are synced: an
// error beside a name says that this failed.
func (m mover) relocate(from, to string) (string, error) {
	if err := noLink(from); err != nil {
		return "", err
	}
	if err := output.MakeFolder(filepath.Dir(to)); err != nil {
		return "", err
	}
	ext := filepath.Ext(to)
	stem := strings.TrimSuffix(to, ext)
	for n := 1; n < maxNames; n++ {
		name := to
		if n > 1 {
			name = fmt.Sprintf("%s-%d%s", stem, n, ext)
		}
		if there(name) {
			continue
		}
		if m.before != nil {
			if err := m.before(name); err != nil {
				return "", err
			}
		}
		err := m.moveTo(from, name)
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

// noLink refuses symbolic links: a relative one would lead nowhere.
func noLink(path string) error {
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&os.ModeSymlink != 0 {
		return fmt.Errorf("%s is a link, which is not moved: move what it leads to, or watch the folder where that lies", path)
	}
	return err
}

// there reports whether something lies at path, as far as can be seen.
func there(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, os.ErrNotExist)
}

// moveTo fails with os.ErrExist where the name is taken.
func (m mover) moveTo(from, to string) error {
	err := renameNew(from, to)
	if !errors.Is(err, syscall.EXDEV) {
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return &os.PathError{Op: "move to", Path: to, Err: os.ErrExist}
	}
	return m.copyAway(from, to)
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
// once the copy has been read back and it is still what was copied. Where it
// cannot be removed, no copy is left.
func (m mover) copyAway(from, to string) error {
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if ago := time.Since(came(info)); ago < m.quiet {
		return fmt.Errorf("%s changed %s ago: it stays for now, since what still writes to it could not follow it to another file system", from, ago.Round(time.Second))
	}
	if err := unix.Faccessat(unix.AT_FDCWD, filepath.Dir(from), unix.W_OK, unix.AT_EACCESS); err != nil {
		return &os.PathError{Op: "move files out of", Path: filepath.Dir(from), Err: err}
	}
	temporary, err := m.copyBeside(from, to, info)
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
	if !sameFile(from, info) {
		return fmt.Errorf("%s changed while it was moved: it stays", from)
	}
	if err := renameNew(temporary, to); err != nil {
		return err
	}
	err = syncFolder(filepath.Dir(to))
	if err == nil {
		err = os.Remove(from)
	}
	if err == nil || errors.Is(err, os.ErrNotExist) || !sameFile(from, info) {
		return nil // the copy is what is left
	}
	return errors.Join(err, os.Remove(to))
}

// sameFile reports whether the file at path is as it was.
func sameFile(path string, info os.FileInfo) bool {
	now, err := os.Stat(path)
	return err == nil && os.SameFile(now, info) && now.Size() == info.Size() && now.ModTime().Equal(info.ModTime())
}

// copyBeside copies from, with its mode, owner and time, to a temporary file in
// to's folder and syncs it.
func (m mover) copyBeside(from, to string, info os.FileInfo) (temporary string, err error) {
	in, err := os.Open(from)
	if err != nil {
		return "", err
	}
	defer in.Close()
	out, err := os.CreateTemp(filepath.Dir(to), m.owner.Temporary("*"))
	if err != nil {
		return "", err
	}
	_, err = io.Copy(out, in)
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		_ = out.Chown(int(s.Uid), int(s.Gid)) // only root may
	}
	err = errors.Join(err, output.KeepRights(out, from, info), output.SetTimes(out, info.ModTime()), out.Sync(), out.Close())
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
