package output

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Temporary names are .burnish-OWNER-RANDOM.tmp; watchers pass them over.
const (
	temporaryPrefix = ".burnish-"
	temporarySuffix = ".tmp"
)

// Owner tags the temporary files of one engine, so that only its own are swept.
type Owner string

// Nobody tags the files of engines that keep no state.
const Nobody Owner = "once"

// OwnerOf is the tag of the engine that has that state folder.
func OwnerOf(stateDir string) Owner {
	sum := sha256.Sum256([]byte(stateDir))
	return Owner(hex.EncodeToString(sum[:6]))
}

func (o Owner) prefix() string { return temporaryPrefix + string(o) + "-" }

// Temporary is the name of this owner's temporary file with that random part.
func (o Owner) Temporary(random string) string { return o.prefix() + random + temporarySuffix }

// Staged is a finished output, a file or a folder, that does not bear its name
// yet.
type Staged struct {
	Path string // where Publish puts it
	Size int64  // bytes
	Hash string // as of [Digest]

	temporary string // "" once published or discarded
	preserved bool   // it has more of the source's file than the bytes tell
}

// reserve creates an empty file of a new name in path's folder, which is made
// where it is missing. Until it has its rights (see [Staged.Preserve]), it is
// its owner's alone.
func (o Owner) reserve(path string) (*Staged, error) {
	folder := filepath.Dir(path)
	if err := MakeFolder(folder); err != nil {
		return nil, fmt.Errorf("make the output's folder: %w", err)
	}
	for {
		name := filepath.Join(folder, o.Temporary(rand.Text()[:12]))
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, ownersAlone)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("write beside the output: %w", err)
		}
		return &Staged{Path: path, temporary: name}, f.Close()
	}
}

// Writable tries whether a file can be made in a folder, which is made where it
// is missing.
func (o Owner) Writable(folder string) error {
	s, err := o.reserve(filepath.Join(folder, "x"))
	if err == nil {
		s.Discard()
	}
	return err
}

// seal measures the file or folder and sees that it is on the disk.
func (s *Staged) seal() (err error) {
	s.Hash, s.Size, err = measure(s.temporary, true)
	return err
}

// Publish gives the output its name, in place of what bore it before. That is on
// the disk once its folder was synced: see [SyncFolder].
func (s *Staged) Publish() error {
	if err := replace(s.temporary, s.Path); err != nil {
		return err
	}
	s.temporary = ""
	return nil
}

// Equals reports whether what lies at path, a file or folder and no link, is the
// same to the byte.
func (s *Staged) Equals(path string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.IsDir() && (!info.Mode().IsRegular() || info.Size() != s.Size) {
		return false
	}
	hash, err := Digest(path)
	return err == nil && hash == s.Hash
}

// Keep discards the output where the same is already under its name, and sees
// that this is on the disk; else it does nothing.
func (s *Staged) Keep() (same bool, err error) {
	if s.preserved || s.narrows(s.Path) || !s.Equals(s.Path) {
		return false, nil
	}
	if _, _, err := Secure(s.Path); err != nil {
		return false, err
	}
	s.Discard()
	return true, nil
}

// MakeFolder makes a folder and those above it that are missing, and sees that
// their names are on the disk.
func MakeFolder(folder string) error { return makeFolder(folder, SyncFolder) }

func makeFolder(folder string, sync func(string) error) error {
	var grown []string // folders that get a new one, from the leaf upwards
	for at := folder; ; at = filepath.Dir(at) {
		if _, err := os.Stat(at); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		grown = append(grown, filepath.Dir(at))
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	for _, name := range grown {
		if err := sync(name); err != nil && !errors.Is(err, fs.ErrPermission) {
			return err
		}
	}
	return nil
}

// SyncFolder sees that the names in a folder are on the disk.
func SyncFolder(name string) error {
	d, err := os.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Discard removes an output that was not published; else it does nothing.
func (s *Staged) Discard() {
	if s != nil && s.temporary != "" {
		os.RemoveAll(s.temporary)
		s.temporary = ""
	}
}

// abandoned is the age from which nobody's temporary files are nobody's indeed.
const abandoned = 24 * time.Hour

// Sweep removes the temporary files that a killed process of this owner left
// below root, and old ones of nobody's. The owner must not be staging anything
// there. What may not be looked into is passed over.
func (o Owner) Sweep(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			return nil
		}
		if err != nil {
			return err
		}
		if !strings.HasSuffix(d.Name(), temporarySuffix) || !o.left(d) {
			return nil
		}
		switch {
		case d.Type().IsRegular():
			return os.Remove(path)
		case d.IsDir():
			return errors.Join(os.RemoveAll(path), fs.SkipDir)
		}
		return nil
	})
}

func (o Owner) left(d fs.DirEntry) bool {
	if strings.HasPrefix(d.Name(), o.prefix()) {
		return true
	}
	info, err := d.Info()
	return err == nil && strings.HasPrefix(d.Name(), Nobody.prefix()) && time.Since(info.ModTime()) > abandoned
}
