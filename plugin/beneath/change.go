package beneath

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Make opens a folder below d and makes those on the way that are missing, with
// the mode that the umask leaves of perm. Their names are on the disk then,
// unless a folder may not be read.
func (d *Folder) Make(rel string, links Links, perm uint32) (*Folder, error) {
	f, err := d.Folder(rel, links)
	if !errors.Is(err, fs.ErrNotExist) || rel == "." {
		return f, err
	}
	parent, err := d.Make(filepath.Dir(rel), links, perm)
	if err != nil {
		return nil, err
	}
	defer parent.Close()
	err = unix.Mkdirat(parent.fd(), filepath.Base(rel), perm)
	if err != nil && !errors.Is(err, unix.EEXIST) {
		return nil, d.fault("mkdir", rel, err)
	}
	made := parent.made
	if err == nil {
		made = append(made, filepath.Join(d.path, rel))
	}
	if err := parent.Sync(); err != nil && !errors.Is(err, fs.ErrPermission) {
		return nil, err
	}
	if f, err = d.Folder(rel, links); err == nil {
		f.made = made
	}
	return f, err
}

// Made are the paths of the folders that [Folder.Make] had to make to open d,
// from the top.
func (d *Folder) Made() []string { return d.made }

// RemoveEmpty removes a folder that bears a name in d, if it holds nothing.
func (d *Folder) RemoveEmpty(name string) error {
	err := single(name)
	if err == nil {
		err = unix.Unlinkat(d.fd(), name, unix.AT_REMOVEDIR)
	}
	if err != nil {
		return d.fault("remove the folder", name, err)
	}
	return nil
}

// Sync sees that the names in d are on the disk.
func (d *Folder) Sync() error {
	fd, err := openAt(d.fd(), ".", unix.O_RDONLY|unix.O_DIRECTORY)
	if err != nil {
		return d.fault("open", ".", err)
	}
	f := os.NewFile(uintptr(fd), d.path)
	defer f.Close()
	return f.Sync()
}

// SyncFolder sees that the names in the folder at path are on the disk.
func SyncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// Create makes a file of a new name in d, with the mode that the umask leaves of
// perm. It fails with [fs.ErrExist] where anything has the name.
func (d *Folder) Create(name string, perm uint32) (*os.File, error) {
	if err := single(name); err != nil {
		return nil, d.fault("create", name, err)
	}
	for {
		fd, err := unix.Openat(d.fd(), name, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, perm)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, d.fault("create", name, err)
		}
		return os.NewFile(uintptr(fd), filepath.Join(d.path, name)), nil
	}
}

// CreateFolder makes a folder of a new name in d and opens it.
func (d *Folder) CreateFolder(name string, perm uint32) (*Folder, error) {
	if err := single(name); err != nil {
		return nil, d.fault("mkdir", name, err)
	}
	if err := unix.Mkdirat(d.fd(), name, perm); err != nil {
		return nil, d.fault("mkdir", name, err)
	}
	return d.Folder(name, None)
}

// Rename gives what bears a name in d another one, in the folder to, in place of
// what bears that; a link is renamed as such.
func (d *Folder) Rename(name string, to *Folder, newName string) error {
	return d.rename(name, to, newName, 0)
}

// RenameNew is Rename to a name that is free; else it fails with [fs.ErrExist].
// A file system that cannot promise it is asked before.
func (d *Folder) RenameNew(name string, to *Folder, newName string) error {
	err := d.rename(name, to, newName, unix.RENAME_NOREPLACE)
	if !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOSYS) {
		return err
	}
	if _, err := to.Lstat(newName); err == nil {
		return to.fault("move to", newName, fs.ErrExist)
	}
	return d.rename(name, to, newName, 0)
}

// Exchange lets two names in d stand for each other's file or folder.
func (d *Folder) Exchange(one, other string) error {
	return d.rename(one, d, other, unix.RENAME_EXCHANGE)
}

func (d *Folder) rename(name string, to *Folder, newName string, flags uint) error {
	err := errors.Join(single(name), single(newName))
	if err == nil {
		err = unix.Renameat2(d.fd(), name, to.fd(), newName, flags)
	}
	if err != nil {
		return &os.LinkError{Op: "move", Old: filepath.Join(d.path, name), New: filepath.Join(to.path, newName), Err: err}
	}
	return nil
}

// Remove removes a file, or a link, that bears a name in d.
func (d *Folder) Remove(name string) error {
	err := single(name)
	if err == nil {
		err = unix.Unlinkat(d.fd(), name, 0)
	}
	if err != nil {
		return d.fault("remove", name, err)
	}
	return nil
}

// RemoveAll removes what bears a name in d, and all that lies below it; links
// are not followed. It is no error where there is nothing.
func (d *Folder) RemoveAll(name string) error {
	if err := single(name); err != nil {
		return d.fault("remove", name, err)
	}
	if err := unix.Unlinkat(d.fd(), name, 0); err == nil || errors.Is(err, unix.ENOENT) {
		return nil
	}
	root, err := os.OpenRoot(d.Handle())
	if err != nil {
		return err
	}
	defer root.Close()
	return root.RemoveAll(name)
}

// MayWrite reports why names in d cannot be changed; nil where they can.
func (d *Folder) MayWrite() error {
	if err := unix.Faccessat(d.fd(), ".", unix.W_OK, unix.AT_EACCESS); err != nil {
		return d.fault("change names in", ".", err)
	}
	return nil
}

// single refuses what is not one name.
func single(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\x00") {
		return unix.EINVAL
	}
	return nil
}
