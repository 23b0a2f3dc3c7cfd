package plugin

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/plugin/naming"
	"github.com/burnish-photo/burnish/plugin/output"
	"github.com/burnish-photo/burnish/plugin/source"
)

// maxNames is how many photos of one name a folder may come to hold.
const maxNames = 10_000

// writing is for how long a file must have been left alone before it is copied
// away though nobody knows that it is whole.
const writing = 5 * time.Minute

// mover moves originals: the very file that was opened, or nothing.
type mover struct {
	owner output.Owner // of temporary files

	// before is told of each name that is about to be tried, where it is set.
	before func(name string) error

	// quiet is for how long a file must not have changed to go to another file
	// system: who still writes to it would write to what was removed.
	quiet time.Duration

	// sidecars go with their photo; where originalsStay is set, RAWs and films do
	// not.
	sidecars, originalsStay bool

	// unsettled says that nobody knows whether the file is whole.
	unsettled bool

	// took, where it is set, takes in the path that a sidecar had which went along.
	took func(path string)

	// told, where it is set, takes in what is to be said of a move: what went
	// along, what stayed behind and what the other file system could not keep.
	told func(key, text string)
}

func (m mover) tell(key, text string) {
	if m.told != nil {
		m.told(key, text)
	}
}

// relocate moves a file to rel below folder, or to a name like it with a number
// where that is taken, and returns where it lies now, "" where it stays. Nothing
// is ever replaced. To another file system it is copied, synced and read back
// before the original is removed. Links stay. Both folders are synced: an error
// beside a name says that this failed.
func (m mover) relocate(f *source.File, folder, rel string) (string, error) {
	from, name, err := f.Place()
	if err != nil {
		return "", err
	}
	defer from.Close()
	to, err := madeBelow(folder, filepath.Dir(rel))
	if err != nil {
		return "", err
	}
	defer to.Close()
	train, err := m.train(from, name)
	if err != nil {
		return "", err
	}
	base := filepath.Base(rel)
	ext := filepath.Ext(base)
	stem := strings.TrimSuffix(base, ext)
	for n := 1; n < maxNames; n++ {
		candidate := base
		if n > 1 {
			candidate = fmt.Sprintf("%s-%d%s", stem, n, ext)
		}
		if _, err := to.Lstat(candidate); !errors.Is(err, fs.ErrNotExist) || train.meets(to, candidate) {
			continue
		}
		place := filepath.Join(to.Path(), candidate)
		if m.before != nil {
			if err := m.before(place); err != nil {
				return "", err
			}
		}
		gone := train.move(to, candidate)
		err := m.moveTo(f, from, name, to, candidate)
		if err != nil {
			err = errors.Join(err, train.putBack(to, gone))
		}
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		train.tell(gone)
		return place, errors.Join(to.Sync(), from.Sync())
	}
	return "", fmt.Errorf("%s holds %d files of that name: move some away", to.Path(), maxNames)
}

// madeBelow opens a folder below another, both made where they are missing. Links
// to it are followed where they are the administrator's.
func madeBelow(folder, rel string) (*beneath.Folder, error) {
	if err := output.MakeFolder(folder); err != nil {
		return nil, err
	}
	top, err := beneath.Open(folder)
	if err != nil {
		return nil, err
	}
	defer top.Close()
	return top.Make(rel, beneath.Trusted, 0o777)
}

// there reports whether something lies at path, as far as can be seen.
func there(path string) bool {
	_, err := os.Lstat(path)
	return !errors.Is(err, os.ErrNotExist)
}

// moveTo fails with [fs.ErrExist] where the name is taken.
func (m mover) moveTo(f *source.File, from *beneath.Folder, name string, to *beneath.Folder, newName string) error {
	err := moveExactly(f, from, name, to, newName)
	if !errors.Is(err, syscall.EXDEV) {
		return err
	}
	if _, err := to.Lstat(newName); err == nil {
		return &os.PathError{Op: "move to", Path: filepath.Join(to.Path(), newName), Err: fs.ErrExist}
	}
	return m.copyAway(f, from, name, to, newName)
}

// moveExactly renames the file within a file system. What else bore its name by
// then is put back.
func moveExactly(f *source.File, from *beneath.Folder, name string, to *beneath.Folder, newName string) error {
	if err := from.RenameNew(name, to, newName); err != nil {
		return err
	}
	now, err := to.Lstat(newName)
	if err != nil || f.Is(now) {
		return err
	}
	return errors.Join(fmt.Errorf("%s: %w: another file had its name", f.Path, source.ErrChanged), putBack(to, newName, from, name))
}

// putBack gives a file its name back, or one like it with a number where that is
// taken again.
func putBack(at *beneath.Folder, name string, to *beneath.Folder, old string) error {
	for n := range maxNames {
		err := at.RenameNew(name, to, naming.Numbered(old, n))
		if !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return fmt.Errorf("%s could not be put back to %s", filepath.Join(at.Path(), name), filepath.Join(to.Path(), old))
}

// copyAway copies the file to a new name on another file system and removes it
// once the copy has been read back and it is still what was copied. Where it
// cannot be removed, no copy is left.
func (m mover) copyAway(f *source.File, from *beneath.Folder, name string, to *beneath.Folder, newName string) error {
	if ago := time.Since(came(f.Info)); ago < m.quiet {
		return fmt.Errorf("%s changed %s ago: it stays for now, since what still writes to it could not follow it to another file system", f.Path, ago.Round(time.Second))
	}
	if err := from.MayWrite(); err != nil {
		return err
	}
	if m.unsettled && isWritten(f) {
		return fmt.Errorf("%s changed a moment ago: what still writes to it could not follow it to another file system", f.Path)
	}
	temporary, err := m.copyInto(f, to)
	if err != nil {
		return fmt.Errorf("copy %s to %s: %w", f.Path, to.Path(), err)
	}
	if err := to.RenameNew(temporary, to, newName); err != nil {
		return errors.Join(err, to.Remove(temporary))
	}
	if err = to.Sync(); err == nil {
		err = m.removeExactly(f, from, name)
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, source.ErrChanged) {
		return nil // the copy is what is left
	}
	return errors.Join(err, to.Remove(newName))
}

// removeExactly removes the file, by a name that nobody else uses.
func (m mover) removeExactly(f *source.File, from *beneath.Folder, name string) error {
	aside := m.owner.Temporary(rand.Text()[:12])
	if err := moveExactly(f, from, name, from, aside); err != nil {
		return err
	}
	return from.Remove(aside)
}

// keepAttributes copies what else a file system keeps of the file, as far as the
// other takes it.
func (m mover) keepAttributes(f *source.File, out *os.File) {
	f.Attributes(func(file *os.File) {
		if lost := copyAttributes(file, out); len(lost) > 0 {
			m.tell("attributes", fmt.Sprintf("%s of %s not kept by the file system that it was moved to", strings.Join(lost, ", "), filepath.Base(f.Path)))
		}
	})
}

// copyInto copies the file, with its mode, owner, time and extended attributes,
// to a temporary file, syncs it and reads it back.
func (m mover) copyInto(f *source.File, to *beneath.Folder) (temporary string, err error) {
	temporary = m.owner.Temporary(rand.Text()[:12])
	out, err := to.Create(temporary, 0o600)
	if err != nil {
		return "", err
	}
	defer func() {
		if err = errors.Join(err, out.Close()); err != nil {
			_ = to.Remove(temporary)
		}
	}()
	sum := sha256.New()
	if err := f.CopyTo(io.MultiWriter(out, sum)); err != nil {
		return "", err
	}
	if s, ok := f.Info.Sys().(*syscall.Stat_t); ok {
		_ = out.Chown(int(s.Uid), int(s.Gid)) // only root may
	}
	err = output.KeepRights(out, f.Handle(), f.Info)
	m.keepAttributes(f, out)
	err = errors.Join(err, output.SetTimes(out, f.Info.ModTime()), out.Sync())
	if err != nil {
		return "", err
	}
	content := hex.EncodeToString(sum.Sum(nil))
	back := sha256.New()
	if _, err := io.Copy(back, io.NewSectionReader(out, 0, 1<<62)); err != nil {
		return "", err
	}
	if hex.EncodeToString(back.Sum(nil)) != content {
		return "", errors.New("the copy does not read back as it was written")
	}
	return temporary, f.Unchanged(content)
}
