package output

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"

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
	f, err := os.Open(path)
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
func (o Owner) reserveFolder(path, photo string) (*Staged, error) {
	folder := filepath.Dir(path)
	if err := MakeFolder(folder); err != nil {
		return nil, fmt.Errorf("make the output's folder: %w", err)
	}
	info, err := os.Stat(photo)
	if err != nil {
		return nil, err
	}
	mode := folderMode(rightsOf(photo, info, path), groupOfNew(folder))
	for {
		name := filepath.Join(folder, o.Temporary(rand.Text()[:12]))
		err := os.Mkdir(name, mode)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("write beside the output: %w", err)
		}
		return &Staged{Path: path, temporary: name}, nil
	}
}

// replace gives a file or folder its name, in place of what bears it: at once,
// but for a folder on a file system that cannot exchange two names.
func replace(temporary, path string) error {
	there, err := os.Lstat(path)
	if err != nil || !there.IsDir() {
		return os.Rename(temporary, path)
	}
	err = unix.Renameat2(unix.AT_FDCWD, temporary, unix.AT_FDCWD, path, unix.RENAME_EXCHANGE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		aside := temporary + temporarySuffix
		if err := os.Rename(path, aside); err != nil {
			return err
		}
		if err := os.Rename(temporary, path); err != nil {
			return errors.Join(err, os.Rename(aside, path))
		}
		return os.RemoveAll(aside)
	}
	if err != nil {
		return err
	}
	return os.RemoveAll(temporary)
}
