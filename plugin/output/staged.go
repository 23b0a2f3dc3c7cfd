package output

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/plugin/beneath"
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
// yet. It is reached through descriptors of its own and of the folder that it
// goes to: who swaps a folder for a link, or the file for another, changes
// nothing of where its bytes go.
type Staged struct {
	Path string // where Publish puts it
	Size int64  // bytes
	Hash string // as of [Digest]

	folder    *beneath.Folder // that it goes to; nil once discarded
	name      string          // there, as long as it is temporary
	itself    fs.FileInfo
	open      io.Closer   // it, too
	temporary string      // a path to it; "" once published or discarded
	preserved bool        // it has more of the source's file than the bytes tell
	replaces  fs.FileInfo // what bears the name that it gets; nil for nothing
}

// reserve creates an empty file of a new name in path's folder, which lies below
// root and is made where it is missing. Until it has its rights (see
// [Staged.Preserve]), it is its owner's alone.
func (o Owner) reserve(root, path string) (*Staged, error) {
	return o.stage(root, path, func(folder *beneath.Folder, name string) (io.Closer, fs.FileInfo, string, error) {
		f, err := folder.Create(name, ownersAlone)
		if err != nil {
			return nil, nil, "", err
		}
		info, err := f.Stat()
		return f, info, beneath.Handle(f), err
	})
}

// stage opens the folder that an output goes to and makes in it what is to become
// the output, under a temporary name.
func (o Owner) stage(root, path string, make func(*beneath.Folder, string) (io.Closer, fs.FileInfo, string, error)) (*Staged, error) {
	folder, err := folderBelow(root, filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("make the output's folder: %w", err)
	}
	s := &Staged{Path: path, folder: folder}
	for {
		s.name = o.Temporary(rand.Text()[:12])
		s.open, s.itself, s.temporary, err = make(folder, s.name)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			s.Discard()
			return nil, fmt.Errorf("write beside the output: %w", err)
		}
		return s, nil
	}
}

// folderBelow opens a folder below root, both made where they are missing. Links
// on the way from the one to the other are followed where they are those of
// root, of this process's user or of the folder's owner.
func folderBelow(root, folder string) (*beneath.Folder, error) {
	rel, err := filepath.Rel(root, folder)
	if err != nil {
		return nil, err
	}
	if err := MakeFolder(root); err != nil {
		return nil, err
	}
	top, err := beneath.Open(root)
	if err != nil {
		return nil, err
	}
	defer top.Close()
	return top.Make(rel, beneath.Trusted, 0o777)
}

// OpenBelow opens an output for reading, by the way that outputs are written.
func OpenBelow(root, path string) (*os.File, error) {
	rel, err := filepath.Rel(root, path)
	if err != nil {
		return nil, err
	}
	top, err := beneath.Open(root)
	if err != nil {
		return nil, err
	}
	defer top.Close()
	return top.File(rel, beneath.Trusted)
}

// Writable tries whether a file can be made in a folder, which is made where it
// is missing.
func (o Owner) Writable(folder string) error {
	s, err := o.reserve(folder, filepath.Join(folder, "x"))
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

// errReplaced is another file under the name of a staged one.
var errReplaced = errors.New("another file took its place while it was written")

// There is the digest of what bears the output's name, and whether it is a
// folder; the error is [fs.ErrNotExist] for nothing. Publish replaces this and
// nothing else.
func (s *Staged) There() (hash string, folder bool, err error) {
	s.replaces, err = s.folder.Lstat(filepath.Base(s.Path))
	if err != nil {
		s.replaces = nil
		return "", false, err
	}
	at := s.beside(s.Path)
	if info, err := os.Stat(at); err == nil {
		folder = info.IsDir()
	}
	hash, err = Digest(at)
	return hash, folder, err
}

// ErrTaken is another file under an output's name than was there before.
var ErrTaken = errors.New("another file took the name meanwhile")

// Publish gives the output its name, in place of what [Staged.There] saw, and
// reports whether that was nothing. What came there since stays: the error is
// [ErrTaken]. The name is on the disk once its folder was synced: see Sync.
func (s *Staged) Publish() (isNew bool, err error) {
	name := filepath.Base(s.Path)
	isNew = s.replaces == nil
	if !s.bears(s.name) {
		return isNew, fmt.Errorf("%s: %w", s.Path, errReplaced)
	}
	if err := s.rename(name); err != nil {
		return isNew, err
	}
	s.temporary = ""
	if !s.bears(name) {
		return isNew, fmt.Errorf("%s: %w", s.Path, errReplaced)
	}
	return isNew, nil
}

// bears reports whether a name in the folder is that of the output.
func (s *Staged) bears(name string) bool {
	info, err := s.folder.Lstat(name)
	return err == nil && os.SameFile(info, s.itself)
}

// Withdraw removes the output, which was published.
func (s *Staged) Withdraw() {
	if name := filepath.Base(s.Path); s.bears(name) {
		_ = s.folder.RemoveAll(name)
	}
}

// Sync sees that the names in the output's folder are on the disk.
func (s *Staged) Sync() error { return s.folder.Sync() }

// beside is what leads to a path in the output's folder, whatever becomes of the
// folder's own name.
func (s *Staged) beside(path string) string {
	return filepath.Join(s.folder.Handle(), filepath.Base(path))
}

// Equals reports whether what lies at path beside the output, a file or folder
// and no link, is the same to the byte.
func (s *Staged) Equals(path string) bool {
	at := s.beside(path)
	info, err := os.Lstat(at)
	if err != nil || !info.IsDir() && (!info.Mode().IsRegular() || info.Size() != s.Size) {
		return false
	}
	hash, err := Digest(at)
	return err == nil && hash == s.Hash
}

// Keep discards the output where the same is already under its name, and sees
// that this is on the disk; else it does nothing.
func (s *Staged) Keep() (same bool, err error) {
	if s.preserved || s.narrows(s.beside(s.Path)) || !s.Equals(s.Path) {
		return false, nil
	}
	if _, _, err := Secure(s.beside(s.Path)); err != nil {
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

// Discard removes an output that was not published, and gives back what it holds.
// It may be called again.
func (s *Staged) Discard() {
	if s == nil || s.folder == nil {
		return
	}
	if s.temporary != "" && s.bears(s.name) {
		_ = s.folder.RemoveAll(s.name)
	}
	if s.open != nil {
		_ = s.open.Close()
	}
	_ = s.folder.Close()
	s.folder, s.temporary = nil, ""
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
