package token

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxFile bounds what is read of a file, in bytes.
const maxFile = 1 << 20

// readPrivate reads a file that is its owner's alone, and the user's or root's.
// One that is not there is empty.
func readPrivate(file string) ([]byte, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case errors.Is(err, syscall.ELOOP):
		return nil, fmt.Errorf("%s is a link: replace it by the file itself", file)
	case err != nil:
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	owner := info.Sys().(*syscall.Stat_t).Uid
	switch {
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s must be a file", file)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("%s must be its owner's alone, got mode %#o: chmod 600 it", file, info.Mode().Perm())
	case owner != 0 && int(owner) != os.Geteuid() && os.Geteuid() != 0:
		return nil, fmt.Errorf("%s belongs to the user %d: it must be this user's", file, owner)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(data) > maxFile {
		err = fmt.Errorf("%s must have at most %d bytes", file, maxFile)
	}
	return data, err
}

// writePrivate replaces a file at once by one that is the owner's of its folder
// alone: root makes tokens for a daemon of another user.
func writePrivate(file string, v any) error {
	data, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	folder := filepath.Dir(file)
	temporary := filepath.Join(folder, "."+filepath.Base(file)+"."+rand.Text())
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_EXCL|os.O_WRONLY|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if info, failed := os.Stat(folder); failed == nil && os.Geteuid() == 0 && err == nil {
		owner := info.Sys().(*syscall.Stat_t)
		err = f.Chown(int(owner.Uid), int(owner.Gid))
	}
	if err = errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close()); err == nil {
		err = os.Rename(temporary, file)
	}
	if err != nil {
		return errors.Join(err, os.Remove(temporary))
	}
	return nil
}

// alone calls f while no other process changes what lies in the folder by alone.
func alone(folder string, f func() error) error {
	dir, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("lock %s: %w", folder, err)
	}
	return f()
}

const instanceFile = "instance.json"

// Instance is a name of the daemon with that state folder which no other daemon
// has, be its state folder of the same name in another container. It is made once.
// With an error, or without
// a state folder, it is another one each time.
func Instance(stateDir string) (string, error) {
	if stateDir == "" {
		return Hash(Secret())[:instanceLength], nil
	}
	file := filepath.Join(stateDir, instanceFile)
	var name string
	data, err := readPrivate(file)
	if err == nil && json.Unmarshal(data, &name) == nil && len(name) == instanceLength {
		return name, nil
	}
	name = Hash(Secret())[:instanceLength]
	if err == nil {
		err = writePrivate(file, name)
	}
	return name, err
}

const instanceLength = 8
