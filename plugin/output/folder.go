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
	"golang.org/x/sys/unix"
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

// replace gives a file or folder its name, in place of what bears it: at once,
// but for a folder on a file system that cannot exchange two names.
func replace(folder *beneath.Folder, temporary, name string) error {
	there, err := folder.Lstat(name)
	if err != nil || !there.IsDir() {
		return folder.Rename(temporary, folder, name)
	}
	err = folder.Exchange(temporary, name)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		aside := temporary + temporarySuffix
		if err := folder.Rename(name, folder, aside); err != nil {
			return err
		}
		if err := folder.Rename(temporary, folder, name); err != nil {
			return errors.Join(err, folder.Rename(aside, folder, name))
		}
		return folder.RemoveAll(aside)
	}
	if err != nil {
		return err
	}
	return folder.RemoveAll(temporary)
}
