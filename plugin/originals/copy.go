package originals

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
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"github.com/burnish-photo/burnish/plugin/source"
)

// settled is for how long a sidecar must have been left alone to be copied away:
// as long as the watcher waits for a photo by default.
const settled = 2 * time.Second

// isFresh reports whether somebody may still be writing to the file, by its age.
func isFresh(f *source.File) bool { return time.Since(source.Arrived(f.Info)) < settled }

// closedByOthers fails where a process has the file open for writing: what it
// writes next would be lost with the original.
func closedByOthers(f *source.File) error {
	if written, _ := f.IsBeingWritten(); written {
		return fmt.Errorf("%s is still open for writing: what writes to it could not follow it to another file system", f.Path)
	}
	return nil
}

// copyAway copies the file to a new name on another file system and removes it
// once the copy has been read back and it is still what was copied. Where it
// cannot be removed, no copy is left.
func (m Mover) copyAway(f *source.File, from *beneath.Folder, name string, to *beneath.Folder, newName string) error {
	if ago := time.Since(source.Arrived(f.Info)); ago < m.QuietFor {
		return fmt.Errorf("%s changed %s ago: it stays for now, since what still writes to it could not follow it to another file system", f.Path, ago.Round(time.Second))
	}
	if err := from.MayWrite(); err != nil {
		return err
	}
	if m.unsettled && isFresh(f) {
		return fmt.Errorf("%s changed a moment ago: what still writes to it could not follow it to another file system", f.Path)
	}
	if err := closedByOthers(f); err != nil {
		return err
	}
	temporary, err := m.copyInto(f, to)
	if err != nil {
		return fmt.Errorf("copy %s to %s: %w", f.Path, to.Path(), err)
	}
	if err := to.RenameNew(temporary, to, newName); err != nil {
		return errors.Join(err, to.Remove(temporary))
	}
	if err = errors.Join(to.Sync(), closedByOthers(f)); err == nil {
		err = m.removeExactly(f, from, name)
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) || errors.Is(err, source.ErrChanged) {
		return nil // the copy is what is left
	}
	return errors.Join(err, to.Remove(newName))
}

// removeExactly removes the file, by a name that nobody else uses.
func (m Mover) removeExactly(f *source.File, from *beneath.Folder, name string) error {
	aside := m.Owner.Name(rand.Text()[:12])
	if err := moveExactly(f, from, name, from, aside); err != nil {
		return err
	}
	return from.Remove(aside)
}

// keepAttributes copies what else a file system keeps of the file, as far as the
// other takes it.
func (m Mover) keepAttributes(f *source.File, out *os.File) {
	f.Attributes(func(file *os.File) {
		if lost := copyAttributes(file, out); len(lost) > 0 {
			m.note("attributes", fmt.Sprintf("%s of %s not kept by the file system that it was moved to", strings.Join(lost, ", "), filepath.Base(f.Path)))
		}
	})
}

// copyInto copies the file, with its mode, owner, time and extended attributes,
// to a temporary file, syncs it and reads it back.
func (m Mover) copyInto(f *source.File, to *beneath.Folder) (temporary string, err error) {
	temporary = m.Owner.Name(rand.Text()[:12])
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
	err = staging.KeepRights(out, f.Handle(), f.Info)
	m.keepAttributes(f, out)
	err = errors.Join(err, staging.SetTimes(out, f.Info.ModTime()), out.Sync())
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
