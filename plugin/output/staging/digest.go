package staging

import (
	"crypto/sha256"
	"encoding/hex"
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

// SyncAndDigest sees that what lies at path is on the disk under that name, and is its
// digest and its size in bytes.
func SyncAndDigest(path string) (hash string, size int64, err error) {
	if hash, size, err = measure(path, true); err != nil {
		return "", 0, err
	}
	return hash, size, beneath.SyncFolder(filepath.Dir(path))
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
				err = beneath.SyncFolder(name)
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
