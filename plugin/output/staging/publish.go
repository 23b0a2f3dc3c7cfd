package staging

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// errReplaced is another file under the name of a staged one.
var errReplaced = errors.New("another file took its place while it was written")

// There is the digest of what bears the output's name, and whether it is a
// folder; the error is [fs.ErrNotExist] for nothing. Publish replaces this and
// nothing else.
func (s *File) There() (hash string, folder bool, err error) {
	s.replaces, err = s.folder.Lstat(filepath.Base(s.Path))
	if err != nil {
		s.replaces, s.replaced = nil, ""
		return "", false, err
	}
	at := s.beside(s.Path)
	if info, err := os.Stat(at); err == nil {
		folder = info.IsDir()
	}
	hash, err = Digest(at)
	s.replaced = hash
	return hash, folder, err
}

// Replaces is the digest of what [File.There] saw, "" for nothing.
func (s *File) Replaces() string { return s.replaced }

// IsFolder reports whether the output is a folder.
func (s *File) IsFolder() bool { return s.itself.IsDir() }

// Made are the folders that had to be made for the output.
func (s *File) Made() []string { return s.folder.Made() }

// ErrTaken is another file under an output's name than was there before.
var ErrTaken = errors.New("another file took the name meanwhile")

// Publish gives the output its name, in place of what [File.There] saw, and
// reports whether that was nothing. What came there since stays: the error is
// [ErrTaken]. The name is on the disk once its folder was synced: see Sync.
func (s *File) Publish() (isNew bool, err error) {
	name := filepath.Base(s.Path)
	isNew = s.replaces == nil
	if !s.bears(s.name) {
		return isNew, fmt.Errorf("%s: %w", s.Path, errReplaced)
	}
	if err := s.rename(name); err != nil {
		return isNew, err
	}
	s.temporary = ""
	if !s.bears(name) {
		return isNew, fmt.Errorf("%s: %w", s.Path, errReplaced)
	}
	return isNew, nil
}

// bears reports whether a name in the folder is that of the output.
func (s *File) bears(name string) bool {
	info, err := s.folder.Lstat(name)
	return err == nil && os.SameFile(info, s.itself)
}

// Withdraw removes the output, which was published.
func (s *File) Withdraw() {
	if name := filepath.Base(s.Path); s.bears(name) {
		_ = s.folder.RemoveAll(name)
	}
}

// Sync sees that the names in the output's folder are on the disk.
func (s *File) Sync() error { return s.folder.Sync() }

// beside is what leads to a path in the output's folder, whatever becomes of the
// folder's own name.
func (s *File) beside(path string) string {
	return filepath.Join(s.folder.Handle(), filepath.Base(path))
}

// Equals reports whether what lies at path beside the output, a file or folder
// and no link, is the same to the byte.
func (s *File) Equals(path string) bool {
	at := s.beside(path)
	info, err := os.Lstat(at)
	if err != nil || !info.IsDir() && (!info.Mode().IsRegular() || info.Size() != s.Size) {
		return false
	}
	hash, err := Digest(at)
	return err == nil && hash == s.Hash
}

// Keep discards the output where the same is already under its name, and sees
// that this is on the disk; else it does nothing.
func (s *File) Keep() (same bool, err error) {
	if s.preserved || s.narrows(s.beside(s.Path)) || !s.Equals(s.Path) {
		return false, nil
	}
	if _, _, err := SyncAndDigest(s.beside(s.Path)); err != nil {
		return false, err
	}
	s.Discard()
	return true, nil
}

// rename gives the file or folder its name, in place of what There saw: at once,
// but for a folder on a file system that cannot exchange two names. What is
// replaced is looked at once it bears the temporary name, where nobody else
// puts anything, and gets its own back where it is something else.
func (s *File) rename(name string) error {
	if s.replaces == nil {
		err := s.folder.RenameNew(s.name, s.folder, name)
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("%s: %w", s.Path, ErrTaken)
		}
		return err
	}
	if s.replaces.Mode()&fs.ModeSymlink != 0 { // which a sandbox lets nobody make
		return s.renameOver(name)
	}
	err := s.folder.Exchange(s.name, name)
	if errors.Is(err, fs.ErrNotExist) { // what was there is gone
		s.replaces = nil
		return s.rename(name)
	}
	if err != nil { // as where a file system cannot
		return s.renameOver(name)
	}
	if !s.seen(s.name) {
		return errors.Join(fmt.Errorf("%s: %w", s.Path, ErrTaken), s.folder.Exchange(s.name, name))
	}
	return s.folder.RemoveAll(s.name)
}

// renameOver is rename where two names cannot be exchanged.
func (s *File) renameOver(name string) error {
	if !s.seen(name) {
		return fmt.Errorf("%s: %w", s.Path, ErrTaken)
	}
	if !s.replaces.IsDir() {
		return s.folder.Rename(s.name, s.folder, name)
	}
	aside := s.name + temporarySuffix
	if err := s.folder.Rename(name, s.folder, aside); err != nil {
		return err
	}
	if err := s.folder.Rename(s.name, s.folder, name); err != nil {
		return errors.Join(err, s.folder.Rename(aside, s.folder, name))
	}
	return s.folder.RemoveAll(aside)
}

// seen reports whether a name in the folder is that of what There saw, as it was
// then.
func (s *File) seen(name string) bool {
	now, err := s.folder.Lstat(name)
	was := s.replaces
	return err == nil && os.SameFile(now, was) && (was.IsDir() || now.Size() == was.Size() && now.ModTime().Equal(was.ModTime()))
}
