package originals

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"github.com/burnish-photo/burnish/plugin/source"
)

// Way is a move whose both ends are known. Its paths are absolute; links between
// a top and the path below it are followed where they are the administrator's.
type Way struct {
	From, FromTop string
	To, ToTop     string
	Hash          string // as of [staging.Digest]; what is another stays. "": it is not looked at
	Folder        bool   // it is a folder

	// Seen is the file as it was when [Look] read it; while it is, it is not read
	// again. It may be nil.
	Seen fs.FileInfo
}

// Carry moves a file or folder. Nothing is ever replaced: the error is
// [fs.ErrExist] where the name is taken, and [source.ErrChanged] where From does
// not hold what Hash says. It returns the folders that had to be made.
func (m Mover) Carry(w Way) (made []string, err error) {
	if w.Folder {
		return m.carryFolder(w)
	}
	f, err := source.Open(w.FromTop, w.From, beneath.Trusted)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if w.Hash != "" && !unchanged(w.Seen, f.Info) {
		if hash, err := f.Digest(); err != nil || hash != w.Hash {
			return nil, errors.Join(err, fmt.Errorf("%s: %w", w.From, source.ErrChanged))
		}
	}
	from, name, err := f.Place()
	if err != nil {
		return nil, err
	}
	defer from.Close()
	to, err := w.end()
	if err != nil {
		return nil, err
	}
	defer to.Close()
	if err := m.moveTo(f, from, name, to, filepath.Base(w.To)); err != nil {
		return to.Made(), err
	}
	m.Listings.left(from, name)
	return to.Made(), errors.Join(to.Sync(), from.Sync())
}

// Keep copies a file or folder along a way, with its mode, owner, time and, of a file,
// attributes, and leaves it where it is. The copy is on the disk and was read back.
func (m Mover) Keep(w Way) error {
	if w.Folder {
		return m.keepFolder(w)
	}
	f, err := source.Open(w.FromTop, w.From, beneath.Trusted)
	if err != nil {
		return err
	}
	defer f.Close()
	if hash, err := f.Digest(); err != nil || hash != w.Hash {
		return errors.Join(err, fmt.Errorf("%s: %w", w.From, source.ErrChanged))
	}
	to, err := w.end()
	if err != nil {
		return err
	}
	defer to.Close()
	temporary, err := m.copyInto(f, to)
	if err != nil {
		return fmt.Errorf("copy %s to %s: %w", w.From, w.To, err)
	}
	if err := to.RenameNew(temporary, to, filepath.Base(w.To)); err != nil {
		return errors.Join(err, to.Remove(temporary))
	}
	return to.Sync()
}

// Clear removes what lies where the way begins, a copy of it being at its end: a move to
// another file system was cut off between the two.
func (m Mover) Clear(w Way) error {
	if s, err := Look(w.ToTop, w.To, w.Hash, w.Folder); err != nil || !s.Same {
		return errors.Join(err, fmt.Errorf("%s: %w", w.To, source.ErrChanged))
	}
	if w.Folder {
		return m.clearFolder(w)
	}
	f, err := source.Open(w.FromTop, w.From, beneath.Trusted)
	if err != nil {
		return err
	}
	defer f.Close()
	if hash, err := f.Digest(); err != nil || hash != w.Hash {
		return errors.Join(err, fmt.Errorf("%s: %w", w.From, source.ErrChanged))
	}
	from, name, err := f.Place()
	if err != nil {
		return err
	}
	defer from.Close()
	return errors.Join(m.removeExactly(f, from, name), from.Sync())
}

// end opens the folder that the way leads to.
func (w Way) end() (*beneath.Folder, error) {
	rel, err := filepath.Rel(w.ToTop, filepath.Dir(w.To))
	if err != nil {
		return nil, err
	}
	return madeBelow(w.ToTop, rel)
}

// unchanged reports whether a file is as it was, by what nobody can set.
func unchanged(was, now fs.FileInfo) bool {
	return was != nil && os.SameFile(was, now) && was.Size() == now.Size() && was.ModTime().Equal(now.ModTime()) && source.ChangeTime(was).Equal(source.ChangeTime(now))
}

// Sight is what bears a name.
type Sight struct {
	There bool        // anything does
	Same  bool        // it is the file or folder that was looked for
	Info  fs.FileInfo // of it, before it was read
}

// Look tells what bears a path below top, and whether it is a file or folder of
// that digest; "" takes any. What cannot be reached because a folder is missing
// is not there.
func Look(top, path, hash string, folder bool) (s Sight, err error) {
	rel, err := filepath.Rel(top, path)
	if err != nil {
		return s, err
	}
	above, err := beneath.Open(top)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	defer above.Close()
	at, err := above.Folder(filepath.Dir(rel), beneath.Trusted)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, err
	}
	defer at.Close()
	name := filepath.Base(rel)
	s.Info, err = at.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, nil
	case err != nil:
		return s, err
	}
	s.There = true
	switch {
	case folder != s.Info.IsDir(), !folder && !s.Info.Mode().IsRegular():
		return s, nil
	case hash == "":
		s.Same = true
		return s, nil
	}
	found, err := staging.Digest(filepath.Join(at.Handle(), name))
	s.Same = found == hash
	return s, err
}

// RemoveMade removes the folders above path that hold nothing, from the lowest
// up to the one at top, which stays, for as long as made says so of them. It
// returns those that it removed.
func RemoveMade(top, path string, made func(folder string) bool) (removed []string) {
	for folder := filepath.Dir(path); len(folder) > len(top) && made(folder); folder = filepath.Dir(folder) {
		rel, err := filepath.Rel(top, filepath.Dir(folder))
		if err != nil {
			break
		}
		above, err := beneath.Open(top)
		if err != nil {
			break
		}
		parent, err := above.Folder(rel, beneath.Trusted)
		above.Close()
		if err != nil {
			break
		}
		err = parent.RemoveEmpty(filepath.Base(folder))
		parent.Close()
		if err != nil {
			break
		}
		removed = append(removed, folder)
	}
	return removed
}
