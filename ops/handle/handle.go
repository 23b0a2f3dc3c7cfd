// Package handle names a file that is open by a path that leads to it and to
// nothing else, whatever becomes of its name, and reads such a file without
// opening it once more: on a network's file system each opening is a round trip.
//
// It is for what hands paths around because libraries take nothing else. The
// package knows nothing of images.
package handle

import (
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

const descriptors = "/proc/self/fd/"

// Of is a path that leads to this very file or folder for as long as it is open.
// Where there is no /proc it is the name that the file was opened by.
func Of(f *os.File) string {
	path := descriptors + strconv.Itoa(int(f.Fd()))
	var there, here unix.Stat_t
	if unix.Fstat(int(f.Fd()), &here) != nil || unix.Stat(path, &there) != nil || here.Ino != there.Ino || here.Dev != there.Dev {
		return f.Name()
	}
	return path
}

// Real is where the file or folder that a handle leads to lies by now; of any
// other path it is the path.
func Real(path string) string {
	if strings.HasPrefix(path, descriptors) {
		if real, err := os.Readlink(path); err == nil {
			return real
		}
	}
	return path
}

// File is a file opened for reading, with a place of its own to read at.
type File struct {
	*io.SectionReader
	file *os.File
}

// Open opens a file for reading. Where path is a handle, the file that it leads
// to is read through the descriptor that is open already, by position.
func Open(path string) (*File, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &File{io.NewSectionReader(f, 0, info.Size()), f}, nil
}

func open(path string) (*os.File, error) {
	fd, known := descriptor(path)
	if !known {
		return os.Open(path)
	}
	own, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(own), path), nil
}

func descriptor(path string) (fd int, ok bool) {
	text, ok := strings.CutPrefix(path, descriptors)
	if !ok {
		return 0, false
	}
	fd, err := strconv.Atoi(text)
	return fd, err == nil && fd >= 0
}

// Is reports whether path is a handle.
func Is(path string) bool {
	_, ok := descriptor(path)
	return ok
}

// Stat tells of the file.
func (f *File) Stat() (fs.FileInfo, error) { return f.file.Stat() }

// Descriptor is the file's, for what reads by position alone. Several may share
// its place.
func (f *File) Descriptor() *os.File { return f.file }

// Close gives the descriptor back; a file that a handle leads to stays open.
func (f *File) Close() error { return f.file.Close() }
