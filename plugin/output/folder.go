package output

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/burnish-photo/burnish/plugin/beneath"
)

// Digest is the SHA-256 of a file's bytes, hexadecimal; of a folder it covers
// the names and the bytes of all files below it.
func Digest(path string) (string, error) {
	sum, _, err := measure(path, false)
	return sum, err
}

// Secure sees that what lies at path is on the disk under that name, and is its
// digest and its size in bytes.
func Secure(path string) (hash string, size int64, err error) {
	if hash, size, err = measure(path, true); err != nil {
		return "", 0, err
	}
	return hash, size, SyncFolder(filepath.Dir(path))
}

// measure reads what lies at path in full: its digest and its size in bytes.
func measure(path string, sync bool) (string, int64, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", 0, err
	}
	digest := sha256.New()
	if !info.IsDir() {
		size, err := addFile(digest, path, sync)
		return hex.EncodeToString(digest.Sum(nil)), size, err
	}
	total := int64(0)
	err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(path, name)
		if err != nil || d.IsDir() {
			if err == nil && sync {
				err = SyncFolder(name)
			}
			return err
		}
		one := sha256.New()
		size, err := addFile(one, name, sync)
		total += size
		fmt.Fprintf(digest, "%q %x\n", rel, one.Sum(nil))
		return err
	})
	return hex.EncodeToString(digest.Sum(nil)), total, err
}

func addFile(digest hash.Hash, path string, sync bool) (int64, error) {
	f, err := beneath.Regular(path) // a pipe in its place must not be waited for
	if err != nil {
		return 0, err
	}
	defer f.Close()
	size, err := io.Copy(digest, f)
	if err == nil && sync {
		err = f.Sync()
	}
	return size, err
}

// reserveFolder creates an empty folder of a new name beside path, with the
// rights that the photo allows.
func (o Owner) reserveFolder(root, path, photo string) (*Staged, error) {
	info, err := os.Stat(photo)
	if err != nil {
		return nil, err
	}
	return o.stage(root, path, func(folder *beneath.Folder, name string) (io.Closer, fs.FileInfo, string, error) {
		mode := folderMode(rightsOf(photo, info, path), groupOfNew(folder.Handle()))
		f, err := folder.CreateFolder(name, uint32(mode))
		if err != nil {
			return nil, nil, "", err
		}
		info, err := f.Stat()
		return f, info, f.Handle() + "/.", err // where a link to the folder would not be walked through
	})
}

// rename gives the file or folder its name, in place of what There saw: at once,
// but for a folder on a file system that cannot exchange two names. What is
// replaced is looked at once it bears the temporary name, where nobody else
// puts anything, and gets its own back where it is something else.
func (s *Staged) rename(name string) error {
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
func (s *Staged) renameOver(name string) error {
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
func (s *Staged) seen(name string) bool {
	now, err := s.folder.Lstat(name)
	was := s.replaces
	return err == nil && os.SameFile(now, was) && (was.IsDir() || now.Size() == was.Size() && now.ModTime().Equal(was.ModTime()))
}
