package staging

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What an output may keep of its source's file.
const (
	ModTime = "mtime"
	User    = "owner" // and group
	Mode    = "mode"
)

// Preserve gives the file, before it is published, its rights, which never let
// more people read it than the photo, and what else it is to keep of the photo's
// file. It goes by the open file: a sandbox forbids to change what a name
// stands for.
func (s *File) Preserve(what []string, photo string, source os.FileInfo) error {
	s.preserved = len(what) > 0
	keeps := func(w string) bool { return slices.Contains(what, w) }
	there, err := os.Stat(s.temporary)
	if err != nil {
		return err
	}
	flag, mode := os.O_WRONLY, 0o666&^umask()
	if there.IsDir() {
		flag, mode = os.O_RDONLY, there.Mode().Perm()
	}
	f, err := os.OpenFile(s.temporary, flag, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	if stat, ok := source.Sys().(*syscall.Stat_t); ok && keeps(User) {
		if err := f.Chown(int(stat.Uid), int(stat.Gid)); err != nil {
			return fmt.Errorf("the output %s cannot be given to the source's owner (id %d, group %d): %w", s.Path, stat.Uid, stat.Gid, underlying(err))
		}
	}
	if keeps(Mode) && !there.IsDir() {
		mode = source.Mode().Perm()
	}
	if !there.IsDir() { // a folder was made with the right one
		if err := rightsOf(photo, source, s.Path).grant(f, mode); err != nil {
			return fmt.Errorf("the output %s cannot be given its mode: %w", s.Path, underlying(err))
		}
	}
	if keeps(ModTime) {
		return SetTimes(f, source.ModTime())
	}
	return nil
}

// SetTimes sets when a file, open for writing, was read and changed.
func SetTimes(f *os.File, t time.Time) error {
	ts := unix.NsecToTimespec(t.UnixNano())
	both := [2]unix.Timespec{ts, ts}
	_, _, errno := unix.Syscall6(unix.SYS_UTIMENSAT, f.Fd(), 0, uintptr(unsafe.Pointer(&both)), 0, 0, 0)
	runtime.KeepAlive(f)
	if errno != 0 {
		return &os.PathError{Op: "set the times of", Path: f.Name(), Err: errno}
	}
	return nil
}

// Touch notes that a file of Burnish's own was used now. In the sandbox only who
// may write to a file may set its times.
func Touch(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return err
	}
	return errors.Join(SetTimes(f, time.Now()), f.Close())
}

// underlying is the cause without the temporary name.
func underlying(err error) error {
	if p, ok := err.(*fs.PathError); ok { //nolint:errorlint // as os returns it
		return p.Err
	}
	return err
}
