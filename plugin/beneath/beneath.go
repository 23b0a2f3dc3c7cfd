// Package beneath opens what lies below a folder and is not led out of it:
// whoever may write there can swap a file or a folder for a symbolic link at any
// moment, and what is opened is then still below the folder, or nothing is.
// Names are resolved by openat2(2) or, where the kernel or a seccomp filter
// lacks it, one by one through descriptors; either way by nobody else's links.
//
// The package knows nothing of photos, watched folders or sandboxes.
package beneath

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/burnish-photo/burnish/ops/handle"
)

// Links says which symbolic links below a folder are followed.
type Links int

// Which links are followed. Magic links, such as those in /proc, never are.
const (
	None    Links = iota // no links
	Inside               // links that lead to something below the folder
	Trusted              // links of root, of this process's user and of the folder's owner, wherever they lead
	Any                  // all links, wherever they lead
)

var (
	// ErrLink is a symbolic link that is not followed.
	ErrLink = errors.New("is a symbolic link")
	// ErrOutside is a path that leads out of the folder.
	ErrOutside = errors.New("leads out of the folder")
	// ErrNotRegular is a device, a pipe, a socket or a folder in a file's place.
	ErrNotRegular = errors.New("is not a regular file")
)

// Folder is an opened folder. It stays the same folder whatever becomes of its
// name.
type Folder struct {
	file  *os.File // O_PATH
	path  string
	owner uint32
	made  []string // see Made
}

// Open opens a folder by its path; links in it are followed.
func Open(path string) (*Folder, error) {
	for {
		fd, err := unix.Open(path, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: path, Err: err}
		}
		return newFolder(fd, path)
	}
}

// newFolder takes the descriptor over.
func newFolder(fd int, path string) (*Folder, error) {
	var s unix.Stat_t
	if err := unix.Fstat(fd, &s); err != nil {
		unix.Close(fd)
		return nil, &fs.PathError{Op: "stat", Path: path, Err: err}
	}
	return &Folder{file: os.NewFile(uintptr(fd), path), path: path, owner: s.Uid}, nil
}

// Close gives the descriptor back.
func (d *Folder) Close() error { return d.file.Close() }

// Path is the path that the folder was opened by.
func (d *Folder) Path() string { return d.path }

// Stat tells of the folder itself.
func (d *Folder) Stat() (fs.FileInfo, error) { return d.file.Stat() }

func (d *Folder) fd() int { return int(d.file.Fd()) }

// Handle is a path that leads to this very folder for as long as it is open,
// for what takes nothing but paths. Where there is no /proc it is the path that
// the folder was opened by.
func (d *Folder) Handle() string { return Handle(d.file) }

// Handle is a path that leads to this very file or folder for as long as it is
// open, whatever becomes of its name. Every opening by it has an offset of its
// own. Where there is no /proc it is the name that the file was opened by.
func Handle(f *os.File) string { return handle.Of(f) }

// Real is where the file or folder that a handle leads to lies by now; of any
// other path it is the path.
func Real(path string) string { return handle.Real(path) }

// Folder opens a folder below d.
func (d *Folder) Folder(rel string, links Links) (*Folder, error) {
	fd, err := d.open(rel, links, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return nil, err
	}
	return newFolder(fd, filepath.Join(d.path, rel))
}

// File opens a regular file below d for reading. It never waits, as for the
// other end of a pipe.
func (d *Folder) File(rel string, links Links) (*os.File, error) {
	fd, err := d.open(rel, links, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY)
	path := filepath.Join(d.path, rel)
	if errors.Is(err, unix.EAGAIN) { // somebody holds a lease of it, and gives it back in a moment
		if fd, err = d.open(rel, links, unix.O_PATH); err != nil {
			return nil, err
		}
		return reopened(fd, path)
	}
	if errors.Is(err, unix.ENXIO) { // a socket, or a device without a driver
		return nil, &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	if err != nil {
		return nil, err
	}
	var s unix.Stat_t
	err = unix.Fstat(fd, &s)
	if err == nil && s.Mode&unix.S_IFMT != unix.S_IFREG {
		err = ErrNotRegular
	}
	if err == nil {
		err = unix.SetNonblock(fd, false)
	}
	if err != nil {
		unix.Close(fd)
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(fd), path), nil
}

// Regular opens a regular file for reading by its path; links are followed. It
// waits for no pipe, and for a lease to be given back.
func Regular(path string) (*os.File, error) {
	fd, err := openAt(unix.AT_FDCWD, path, unix.O_PATH)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return reopened(fd, path)
}

// reopened opens for reading what was opened as a path, once it is known to be a
// file. It takes the descriptor over.
func reopened(fd int, path string) (*os.File, error) {
	at := os.NewFile(uintptr(fd), path)
	defer at.Close()
	info, err := at.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	f, err := os.Open(Handle(at))
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: errors.Unwrap(err)}
	}
	now, err := f.Stat()
	if err == nil && !os.SameFile(now, info) {
		err = &fs.PathError{Op: "open", Path: path, Err: unix.ESTALE}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Lookup tells what stands under a path below d, links followed as links says.
// Nothing is opened for it.
func (d *Folder) Lookup(rel string, links Links) (fs.FileInfo, error) {
	fd, err := d.open(rel, links, unix.O_PATH)
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), filepath.Join(d.path, rel))
	defer f.Close()
	return f.Stat()
}

// Lstat tells what stands under a name in d itself, a link as such.
func (d *Folder) Lstat(name string) (fs.FileInfo, error) {
	fd, err := openAt(d.fd(), name, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return nil, d.fault("lstat", name, err)
	}
	f := os.NewFile(uintptr(fd), filepath.Join(d.path, name))
	defer f.Close()
	return f.Stat()
}

func (d *Folder) fault(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: filepath.Join(d.path, name), Err: err}
}

// local refuses a path that is not one below a folder in its shortest form.
func local(rel string) error {
	if !filepath.IsLocal(rel) || filepath.Clean(rel) != rel {
		return fmt.Errorf("%w: must be a clean path below it, got %q", ErrOutside, rel)
	}
	return nil
}

// open opens what lies at a path below d. Whatever openat2 fails for is told by
// the walk, which knows where on the way it failed.
func (d *Folder) open(rel string, links Links, flags int) (int, error) {
	if err := local(rel); err != nil {
		return -1, d.fault("open", rel, err)
	}
	if links == None || links == Inside {
		if fd, err := openat2(d.fd(), rel, links, flags); err == nil {
			return fd, nil
		}
	}
	w := walk{folder: d, links: links}
	defer w.close()
	fd, err := w.open(rel, flags)
	if err != nil {
		return -1, d.fault("open", rel, err)
	}
	return fd, nil
}
