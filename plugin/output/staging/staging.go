// Package staging brings files to their place whole or not at all: under a
// temporary name first, synced, with the rights that they are to have, then under
// their own in one step, in place of what was seen there and of nothing else.
//
// It knows nothing of images. Its order is what a crash relies on: New or
// NewFolder, the bytes, [File.SyncAndDigest], [File.Preserve], [File.There],
// [File.Publish], [File.Sync].
package staging

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

	"github.com/burnish-photo/burnish/ops/handle"
	"github.com/burnish-photo/burnish/plugin/beneath"
)

// Temporary names are .burnish-PREFIX-RANDOM.tmp; watchers pass them over.
const (
	temporaryPrefix = ".burnish-"
	temporarySuffix = ".tmp"
)

// TempPrefix marks the temporary files of one engine, so that only its own are swept.
type TempPrefix string

// Stateless marks the files of engines that keep no state.
const Stateless TempPrefix = "once"

// PrefixOf is the prefix of the engine that has that state folder.
func PrefixOf(stateDir string) TempPrefix {
	sum := sha256.Sum256([]byte(stateDir))
	return TempPrefix(hex.EncodeToString(sum[:6]))
}

func (t TempPrefix) prefix() string { return temporaryPrefix + string(t) + "-" }

// Name is that of a temporary file with that random part.
func (t TempPrefix) Name(random string) string { return t.prefix() + random + temporarySuffix }

// File is a finished output, a file or a folder, that does not bear its name
// yet. It is reached through descriptors of its own and of the folder that it
// goes to: who swaps a folder for a link, or the file for another, changes
// nothing of where its bytes go.
type File struct {
	Path string // where Publish puts it
	Size int64  // bytes
	Hash string // as of [Digest]

	folder    *beneath.Folder // that it goes to; nil once discarded
	name      string          // there, as long as it is temporary
	itself    fs.FileInfo
	open      io.Closer   // it, too
	temporary string      // a path to it; "" once published or discarded
	preserved bool        // it has more of the source's file than the bytes tell
	replaces  fs.FileInfo // what bears the name that it gets; nil for nothing
	replaced  string      // its digest
}

// New creates an empty file of a new name in path's folder, which lies below
// root and is made where it is missing. Until it has its rights (see
// [File.Preserve]), it is its owner's alone.
func (t TempPrefix) New(root, path string) (*File, error) {
	return t.stage(root, path, func(folder *beneath.Folder, name string) (io.Closer, fs.FileInfo, string, error) {
		f, err := folder.Create(name, ownersAlone)
		if err != nil {
			return nil, nil, "", err
		}
		info, err := f.Stat()
		return f, info, beneath.Handle(f), err
	})
}

// stage opens the folder that an output goes to and makes in it what is to become
// the output, under a temporary name.
func (t TempPrefix) stage(root, path string, make func(*beneath.Folder, string) (io.Closer, fs.FileInfo, string, error)) (*File, error) {
	folder, err := folderBelow(root, filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("make the output's folder: %w", err)
	}
	s := &File{Path: path, folder: folder}
	for {
		s.name = t.Name(rand.Text()[:12])
		s.open, s.itself, s.temporary, err = make(folder, s.name)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			s.Discard()
			return nil, fmt.Errorf("write beside the output: %w", err)
		}
		return s, nil
	}
}

// Temporary is a path to the file or folder until it is published or discarded.
func (s *File) Temporary() string { return s.temporary }

// Writable tries whether a file can be made in a folder, which is made where it
// is missing.
func (t TempPrefix) Writable(folder string) error {
	s, err := t.New(folder, filepath.Join(folder, "x"))
	if err == nil {
		s.Discard()
	}
	return err
}

// Discard removes an output that was not published, and gives back what it holds.
// It may be called again.
func (s *File) Discard() {
	if s == nil || s.folder == nil {
		return
	}
	if s.temporary != "" && s.bears(s.name) {
		_ = s.folder.RemoveAll(s.name)
	}
	if s.open != nil {
		_ = s.open.Close()
	}
	_ = s.folder.Close()
	s.folder, s.temporary = nil, ""
}

// NewFolder creates an empty folder of a new name beside path, with the
// rights that the photo allows.
func (t TempPrefix) NewFolder(root, path, photo string) (*File, error) {
	info, err := os.Stat(photo)
	if err != nil {
		return nil, err
	}
	return t.stage(root, path, func(folder *beneath.Folder, name string) (io.Closer, fs.FileInfo, string, error) {
		mode := folderMode(rightsOf(photo, info, path), groupOfNew(folder.Handle()))
		f, err := folder.CreateFolder(name, uint32(mode))
		if err != nil {
			return nil, nil, "", err
		}
		info, err := f.Stat()
		return f, info, f.Handle() + "/.", err // where a link to the folder would not be walked through
	})
}

// Copy stages a copy of the file from as path, which lies below root.
func (t TempPrefix) Copy(from, root, path string) (*File, error) {
	s, err := t.New(root, path)
	if err != nil {
		return nil, err
	}
	err = copyFile(from, s.temporary)
	if err == nil {
		err = s.SyncAndDigest()
	}
	if err != nil {
		s.Discard()
		return nil, err
	}
	return s, nil
}

// CopyAll is Copy of a file or a folder, which gets the rights that the photo
// allows.
func (t TempPrefix) CopyAll(from, root, path, photo string) (*File, error) {
	info, err := os.Stat(from)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return t.Copy(from, root, path)
	}
	s, err := t.NewFolder(root, path, photo)
	if err != nil {
		return nil, err
	}
	if err = os.CopyFS(s.temporary, os.DirFS(from)); err == nil {
		err = s.SyncAndDigest()
	}
	if err != nil {
		s.Discard()
		return nil, err
	}
	return s, nil
}

func copyFile(from, to string) error {
	in, err := handle.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// Digest takes the file's digest and size. What is written may be lost in a power
// cut: it is for files that nobody keeps.
func (s *File) Digest() (err error) {
	s.Hash, s.Size, err = measure(s.temporary, false)
	return err
}

// SyncAndDigest sees that the bytes of the file or folder are on the disk, and
// sets Size and Hash.
func (s *File) SyncAndDigest() (err error) {
	s.Hash, s.Size, err = measure(s.temporary, true)
	return err
}
