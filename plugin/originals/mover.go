package originals

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/plugin/naming"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"github.com/burnish-photo/burnish/plugin/source"
)

// maxNames is how many photos of one name a folder may come to hold.
const maxNames = 10_000

// Sidecars says which files go with an original that belong to it.
type Sidecars int

// What goes along.
const (
	Leave     Sidecars = iota // nothing
	MoveAll                   // edits, films, RAWs, descriptions by Google Takeout
	MoveEdits                 // all but RAWs and films, which are originals too
)

// Mover moves originals: the very file that was opened, or nothing. Its zero
// value moves files alone.
type Mover struct {
	Owner    staging.TempPrefix // of temporary files
	Sidecars Sidecars
	Listings *Listings // where sidecars go along

	// QuietFor is for how long a file must not have changed to go to another file
	// system: who still writes to it would write to what was removed.
	QuietFor time.Duration

	// Before, where it is set, is told of each move that is about to be tried. The
	// file stays where Before fails.
	Before func(Plan) error

	// SidecarMoved, where it is set, takes in the path that a sidecar had which
	// went along.
	SidecarMoved func(path string)

	// Note, where it is set, takes in what is to be said of a move: what went
	// along, what stayed behind and what the other file system could not keep.
	Note func(key, text string)

	unsettled bool // nobody knows whether the file is whole
}

// Plan is a move that is about to be tried.
type Plan struct {
	Path     string            // where the file goes
	Sidecars map[string]string // where each goes that goes along, by where it lies
	Made     []string          // folders that had to be made
}

func (m Mover) note(key, text string) {
	if m.Note != nil {
		m.Note(key, text)
	}
}

// Relocate moves a file to rel below folder, or to a name like it with a number
// where that is taken, and returns where it lies now, "" where it stays. Nothing
// is ever replaced. To another file system it is copied, synced and read back
// before the original is removed. Links stay. Both folders are synced: an error
// beside a name says that this failed.
func (m Mover) Relocate(f *source.File, folder, rel string) (string, error) {
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
	set, err := m.sidecarsOf(from, name)
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
		if _, err := to.Lstat(candidate); !errors.Is(err, fs.ErrNotExist) || set.meets(to, candidate) {
			continue
		}
		place := filepath.Join(to.Path(), candidate)
		if m.Before != nil {
			if err := m.Before(Plan{place, set.planned(to, candidate), to.Made()}); err != nil {
				return "", err
			}
		}
		moved := set.move(to, candidate)
		err := m.moveTo(f, from, name, to, candidate)
		if err != nil {
			err = errors.Join(err, set.putBack(to, moved))
		}
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		m.Listings.left(from, append(slices.Collect(maps.Keys(moved)), name)...)
		set.report(moved)
		return place, errors.Join(to.Sync(), from.Sync())
	}
	return "", fmt.Errorf("%s holds %d files of that name: move some away", to.Path(), maxNames)
}

// PutBack moves the file at path back to original, below root; folder is what it
// was moved into. Nothing is ever replaced: the error is [fs.ErrExist] where
// another file is there now.
func (m Mover) PutBack(folder, path, root, original string) error {
	f, err := source.Open(folder, path, beneath.Trusted)
	if err != nil {
		return err
	}
	defer f.Close()
	from, name, err := f.Place()
	if err != nil {
		return err
	}
	defer from.Close()
	rel, err := filepath.Rel(root, filepath.Dir(original))
	if err != nil {
		return err
	}
	to, err := madeBelow(root, rel)
	if err != nil {
		return err
	}
	defer to.Close()
	if err := m.moveTo(f, from, name, to, filepath.Base(original)); err != nil {
		return err
	}
	return errors.Join(to.Sync(), from.Sync())
}

// madeBelow opens a folder below another, both made where they are missing. Links
// to it are followed where they are the administrator's.
func madeBelow(folder, rel string) (*beneath.Folder, error) {
	if err := staging.MakeFolder(folder); err != nil {
		return nil, err
	}
	top, err := beneath.Open(folder)
	if err != nil {
		return nil, err
	}
	defer top.Close()
	return top.Make(rel, beneath.Trusted, 0o777)
}

// moveTo fails with [fs.ErrExist] where the name is taken.
func (m Mover) moveTo(f *source.File, from *beneath.Folder, name string, to *beneath.Folder, newName string) error {
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
