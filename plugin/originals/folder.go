package originals

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"github.com/burnish-photo/burnish/plugin/source"
)

// openFolder is a folder that was found to hold what a way says.
type openFolder struct {
	*beneath.Folder                 // itself
	in              *beneath.Folder // where it lies
	name            string
}

func (o openFolder) Close() { o.Folder.Close(); o.in.Close() }

// contents is a path to what is in it, that can be walked.
func (o openFolder) contents() string { return o.Handle() + "/." }

// openFolder opens the folder where the way begins. It fails with [source.ErrChanged]
// where that is another than the way says.
func (w Way) openFolder() (_ openFolder, err error) {
	rel, err := filepath.Rel(w.FromTop, filepath.Dir(w.From))
	if err != nil {
		return openFolder{}, err
	}
	top, err := beneath.Open(w.FromTop)
	if err != nil {
		return openFolder{}, err
	}
	defer top.Close()
	in, err := top.Folder(rel, beneath.Trusted)
	if err != nil {
		return openFolder{}, err
	}
	it, err := in.Folder(filepath.Base(w.From), beneath.None)
	if err != nil {
		in.Close()
		return openFolder{}, err
	}
	o := openFolder{it, in, filepath.Base(w.From)}
	if hash, err := staging.Digest(o.contents()); err != nil || hash != w.Hash {
		o.Close()
		return openFolder{}, errors.Join(err, fmt.Errorf("%s: %w", w.From, source.ErrChanged))
	}
	return o, nil
}

func (m Mover) carryFolder(w Way) (made []string, err error) {
	it, err := w.openFolder()
	if err != nil {
		return nil, err
	}
	defer it.Close()
	to, err := w.end()
	if err != nil {
		return nil, err
	}
	defer to.Close()
	newName := filepath.Base(w.To)
	err = it.in.RenameNew(it.name, to, newName)
	if errors.Is(err, syscall.EXDEV) {
		if _, taken := to.Lstat(newName); taken == nil {
			return to.Made(), &os.PathError{Op: "move to", Path: w.To, Err: fs.ErrExist}
		}
		if err := m.copyFolder(it, w); err != nil {
			return to.Made(), fmt.Errorf("copy %s to %s: %w", w.From, w.To, err)
		}
		return to.Made(), errors.Join(m.removeFolder(it), it.in.Sync())
	}
	if err != nil {
		return to.Made(), err
	}
	was, err := it.Stat()
	now, err2 := to.Lstat(newName)
	if err = errors.Join(err, err2); err == nil && !os.SameFile(was, now) {
		err = errors.Join(fmt.Errorf("%s: %w: another folder had its name", w.From, source.ErrChanged), putBack(to, newName, it.in, it.name))
	}
	_ = arrive(it.contents(), it.contents()) // else the trash keeps it for less time
	return to.Made(), errors.Join(err, to.Sync(), it.in.Sync())
}

// keepFolder copies a folder along a way.
func (m Mover) keepFolder(w Way) error {
	it, err := w.openFolder()
	if err != nil {
		return err
	}
	defer it.Close()
	return m.copyFolder(it, w)
}

func (m Mover) clearFolder(w Way) error {
	it, err := w.openFolder()
	if err != nil {
		return err
	}
	defer it.Close()
	return errors.Join(m.removeFolder(it), it.in.Sync())
}

// copyFolder copies a folder to the end of a way, where it is published whole.
func (m Mover) copyFolder(it openFolder, w Way) error {
	s, err := m.Owner.CopyAll(it.contents(), w.ToTop, w.To, it.contents())
	if err != nil {
		return err
	}
	defer s.Discard()
	if s.Hash != w.Hash {
		return fmt.Errorf("%s: %w", w.From, source.ErrChanged)
	}
	if err := arrive(s.Temporary(), it.contents()); err != nil {
		return err
	}
	if _, err := s.Publish(); err != nil {
		return err
	}
	return s.Sync()
}

// removeFolder removes the folder, by a name that nobody else uses.
func (m Mover) removeFolder(it openFolder) error {
	aside := m.Owner.Name(rand.Text()[:12])
	if err := it.in.RenameNew(it.name, it.in, aside); err != nil {
		return err
	}
	was, err := it.Stat()
	now, err2 := it.in.Lstat(aside)
	if err = errors.Join(err, err2); err == nil && !os.SameFile(was, now) {
		err = fmt.Errorf("%s: %w: another folder had its name", it.Path(), source.ErrChanged)
	}
	if err != nil {
		return errors.Join(err, putBack(it.in, aside, it.in, it.name))
	}
	return it.in.RemoveAll(aside)
}

// arrive gives the files and folders below one the modes, owners and times of those
// below another, which may be itself, so that all of them arrive there now: by that
// the trash knows for how long to keep them.
func arrive(folder, as string) error {
	var all []string
	err := filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if err != nil {
		return err
	}
	for _, path := range slices.Backward(all) { // a folder after what is in it
		rel, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		if err := resemble(path, as+"/"+rel); err != nil {
			return err
		}
	}
	return nil
}

// resemble gives a file or folder the mode, owner and time of another.
func resemble(path, as string) error {
	info, err := os.Lstat(as)
	if err != nil {
		return err
	}
	flag := os.O_RDONLY
	if info.Mode().IsRegular() {
		flag = os.O_WRONLY
	}
	f, err := os.OpenFile(path, flag|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		_ = f.Chown(int(s.Uid), int(s.Gid)) // only root may
	}
	return errors.Join(f.Chmod(info.Mode().Perm()), staging.SetTimes(f, info.ModTime()))
}
