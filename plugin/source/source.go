// Package source is a photo's file: found below a folder without being led out
// of it, opened once and used through its descriptor from then on. Whatever
// becomes of its name, what is looked at, decoded, hashed and moved is the one
// file that was opened.
//
// The package knows no pipelines, outputs or records.
package source

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/ops/jpeg"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/beneath"
)

// ErrChanged is a file that is not as it was when it was opened.
var ErrChanged = errors.New("the file changed while it was read")

// File is a photo's file. It is immutable; its methods may be called from several
// goroutines.
type File struct {
	Path string      // absolute, as it was asked for
	Info fs.FileInfo // as it was when it was opened

	root  *beneath.Folder
	rel   string // below root
	links beneath.Links
	file  *os.File
}

// Open opens the regular file at path, which lies below root; both are absolute.
// Links on the way from the one to the other are followed as links says.
func Open(root, path string, links beneath.Links) (*File, error) {
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return nil, err
	}
	folder, err := beneath.Open(root)
	if err != nil {
		return nil, err
	}
	f := &File{Path: path, root: folder, rel: rel, links: links}
	if f.file, err = folder.File(rel, links); err == nil {
		f.Info, err = f.file.Stat()
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// In opens a regular file that bears a name in a folder; no link is followed. The
// folder stays the caller's.
func In(folder *beneath.Folder, name string) (*File, error) {
	root, err := folder.Folder(".", beneath.None)
	if err != nil {
		return nil, err
	}
	f := &File{Path: filepath.Join(folder.Path(), name), root: root, rel: name, links: beneath.None}
	if f.file, err = root.File(name, beneath.None); err == nil {
		f.Info, err = f.file.Stat()
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Close gives the descriptors back. Nothing that was opened by Handle is read
// after.
func (f *File) Close() error {
	err := f.root.Close()
	if f.file != nil {
		err = errors.Join(err, f.file.Close())
	}
	return err
}

// Handle is a path that leads to this very file for as long as it is open.
func (f *File) Handle() string { return beneath.Handle(f.file) }

// Real is where the file lies, with links resolved; Path where that cannot be
// told.
func (f *File) Real() string { return beneath.Real(f.Handle()) }

// Format is what the file's content is, as [vips.Sniff] tells.
func (f *File) Format() (string, error) { return vips.SniffReader(f.file, f.Info.Size()) }

// JPEG is what a JPEG says of itself.
func (f *File) JPEG() (jpeg.Info, error) { return jpeg.Read(f.reader()) }

// Head are the first bytes, as far as there are any.
func (f *File) Head(n int) []byte {
	head := make([]byte, n)
	n, _ = f.file.ReadAt(head, 0) // fewer are fine
	return head[:n]
}

// Complete reports whether the file has its end, as [vips.Complete] does.
func (f *File) Complete() (bool, error) { return vips.Complete(f.file) }

// Digest is the SHA-256 of the file's bytes, hexadecimal.
func (f *File) Digest() (string, error) {
	sum := sha256.New()
	if _, err := io.Copy(sum, f.reader()); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// CopyTo writes the file's bytes to w.
func (f *File) CopyTo(w io.Writer) error {
	_, err := io.Copy(w, f.reader())
	return err
}

// Attributes calls do with the file, for what is kept beside its bytes.
func (f *File) Attributes(do func(file *os.File)) { do(f.file) }

func (f *File) reader() io.Reader { return io.NewSectionReader(f.file, 0, 1<<62) }

// Unchanged makes sure that the path leads to this file still, and that it is as
// it was; content is its digest, "" where that is not known. What moved only the
// time of its last change, such as new rights, an attribute or another hard link,
// is judged by the content. The error is [ErrChanged], or tells why the path
// leads there no more.
func (f *File) Unchanged(content string) error {
	named, err := f.root.Lookup(f.rel, f.links)
	if err != nil {
		return err
	}
	now, err := f.file.Stat()
	if err != nil {
		return err
	}
	if !os.SameFile(named, f.Info) || now.Size() != f.Info.Size() || !now.ModTime().Equal(f.Info.ModTime()) {
		return ErrChanged
	}
	if content == "" || ChangeTime(now).Equal(ChangeTime(f.Info)) {
		return nil
	}
	if digest, err := f.Digest(); err != nil || digest != content {
		return errors.Join(ErrChanged, err)
	}
	return nil
}

// Place is the folder that the file's name lies in, which the caller closes, and
// the name. It fails where the name is that of a link, or of another file by now.
func (f *File) Place() (*beneath.Folder, string, error) {
	folder, err := f.root.Folder(filepath.Dir(f.rel), f.links)
	if err != nil {
		return nil, "", err
	}
	name := filepath.Base(f.rel)
	there, err := folder.Lstat(name)
	switch {
	case err != nil:
	case there.Mode()&fs.ModeSymlink != 0:
		err = fmt.Errorf("%s %w, which is not moved: move what it leads to, or watch the folder where that lies", f.Path, beneath.ErrLink)
	case !f.Is(there):
		err = ErrChanged
	}
	if err != nil {
		return nil, "", errors.Join(err, folder.Close())
	}
	return folder, name, nil
}

// Is reports whether info tells of this file.
func (f *File) Is(info fs.FileInfo) bool { return os.SameFile(info, f.Info) }

// ChangeTime is when a file's content, name, rights or attributes changed last.
// Nobody can set it; it is zero where the system tells none.
func ChangeTime(info fs.FileInfo) time.Time {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(s.Ctim.Unix())
	}
	return time.Time{}
}

// Arrived is when a file got its name, or its mode, at the latest.
func Arrived(info fs.FileInfo) time.Time {
	if t := ChangeTime(info); !t.IsZero() {
		return t
	}
	return info.ModTime()
}

// Device is the number of the file system that the file is on; 0 where the system
// tells none.
func Device(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Dev) //nolint:unconvert // not of 64 bits everywhere
	}
	return 0
}

// Inode is the file's number on its file system; 0 where the system tells none.
func Inode(info fs.FileInfo) uint64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Ino
	}
	return 0
}
