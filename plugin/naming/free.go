package naming

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/burnish-photo/burnish/plugin/failure"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"github.com/burnish-photo/burnish/watcher/paths"
)

// fileID tells a file from others by whatever name: another hard link, or, where
// names are of either case, another spelling.
type fileID struct{ device, inode uint64 }

func fileIDOf(path string) (id fileID, ok bool) {
	info, err := os.Stat(path)
	if err != nil {
		return id, false
	}
	s, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return id, false
	}
	return fileID{uint64(s.Dev), s.Ino}, true //nolint:unconvert // not of 64 bits everywhere
}

// realName is a path without links on the way to its last name.
func realName(path string) string {
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return path
	}
	return filepath.Join(folder, filepath.Base(path))
}

func (c *Claims) protect(path string) {
	c.originals[realName(path)] = true
	if real, err := filepath.EvalSymlinks(path); err == nil { // of a link, what it leads to as well
		c.originals[real] = true
	}
	if id, ok := fileIDOf(path); ok {
		c.originalFiles[id] = true
	}
}

// name is what a wish may be called; "" where the file that is there stays.
func (n *Names) name(wish Wish) (string, error) {
	same := slices.IndexFunc(n.Targets, func(t Target) bool { return t.Name == wish.Path })
	if same >= 0 || slices.Contains(n.photo.Kept, wish.Path) {
		if same >= 0 && n.Targets[same].Output == wish.Output && wish.Joins {
			return wish.Path, nil
		}
		if wish.Collision != Number {
			return "", n.photo.Fail(failure.Conflict, fmt.Errorf("two outputs have the same path %s", wish.Path), "give each output of the pipeline a path of its own; {page} tells pages apart")
		}
	}
	switch wish.Collision {
	case Skip:
		taken, err := n.occupied(wish.Path)
		if taken {
			return "", err
		}
		return wish.Path, err
	case Number:
		return n.freeName(wish.Path)
	}
	return wish.Path, n.mayWrite(wish.Path, wish.Folder)
}

func (n *Names) freeName(path string) (string, error) {
	for i := 0; ; i++ {
		candidate := Numbered(path, i)
		if err := n.mayBeThere(candidate); err != nil {
			return "", err
		}
		used := slices.Contains(n.photo.Kept, candidate) || slices.ContainsFunc(n.Targets, func(t Target) bool { return t.Name == candidate })
		taken, err := n.occupied(candidate)
		if err != nil || !taken && !used {
			return candidate, err
		}
	}
}

// occupied reports whether a name is not this photo's to take: a file is there
// that it did not become, or another photo has it.
func (n *Names) occupied(path string) (bool, error) {
	n.claims.mu.Lock()
	other := n.holder(path)
	owner, mine, err := n.ownerBeside(path)
	n.claims.mu.Unlock()
	if err != nil || other != nil {
		return true, err
	}
	there, err := staging.Digest(path)
	if errors.Is(err, os.ErrNotExist) {
		return owner != "", nil
	}
	if err == nil && owner == "" && n.photo.IsOwn(path, there) {
		return false, nil
	}
	if err != nil || !mine {
		return true, err
	}
	ours, err := n.photo.Owners.Wrote(path, there)
	return !ours, err
}

// Unclaimed reports whether an output belongs to no other photo, neither by what
// is known nor by what is being made.
func (c *Claims) Unclaimed(p Photo, path string) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := &Names{claims: c, photo: p}
	owner, _, err := n.ownerBeside(path)
	return owner == "" && c.held[path] == nil && err == nil, err
}

// owner is the photo that an output belongs to, "" where none is known. The lock
// is held.
func (n *Names) owner(path string) (photo string, archived bool, err error) {
	if photo = n.claims.planned.owner(path); photo != "" {
		return photo, false, nil
	}
	return n.photo.Owners.Owner(path)
}

// ownerBeside is the other photo that an output belongs to, "" where it has none
// or that is gone; mine says that it belongs to this one. The lock is held.
func (n *Names) ownerBeside(path string) (owner string, mine bool, err error) {
	owner, archived, err := n.owner(path)
	if owner == "" || owner == n.photo.Path || err != nil {
		return "", owner == n.photo.Path, err
	}
	if _, err := os.Lstat(owner); !errors.Is(err, os.ErrNotExist) || archived {
		return owner, false, nil
	}
	return "", false, nil
}

// protectArchived refuses to overwrite the outputs of an original that was
// archived: they may be all that is left of it. The lock is held.
func (n *Names) protectArchived(path string) error {
	owner, archived, err := n.owner(path)
	if owner == "" || owner == n.photo.Path || !archived || err != nil {
		return err
	}
	return n.taken(path, owner)
}

func (n *Names) taken(name, owner string) error {
	return n.photo.Fail(failure.Conflict, fmt.Errorf("the output %s already belongs to %s", name, owner), "add {ext} or {hash} to the output's path so that the two differ")
}

// mayWrite refuses to write over an original, or over a folder where the output
// is none.
func (n *Names) mayWrite(name string, folder bool) error {
	info, err := os.Stat(name)
	if err != nil {
		return nil //nolint:nilerr // not there, or the writing itself will say what is wrong
	}
	if info.IsDir() {
		if err := n.holdsOriginal(name); err != nil {
			return err
		}
	}
	const remedy = "choose another output folder or path"
	if info.IsDir() && !folder {
		return n.photo.Fail(failure.Conflict, fmt.Errorf("the output %s is a folder", name), "rename the folder or change the output's path")
	}
	if os.SameFile(info, n.photo.Info) {
		return n.photo.Fail(failure.Conflict, fmt.Errorf("the output %s would replace the original", name), remedy)
	}
	if err := n.mayBeThere(name); err != nil {
		return err
	}
	if id, ok := fileIDOf(name); n.claims.originals[realName(name)] || ok && n.claims.originalFiles[id] {
		return n.photo.Fail(failure.Conflict, fmt.Errorf("the output %s would replace another original", name), remedy)
	}
	return nil
}

// mayBeThere refuses a file that was there before the engine was opened, where
// the job forbids that.
func (n *Names) mayBeThere(name string) error {
	if !n.photo.Absent || n.photo.Overwrite {
		return nil
	}
	if _, err := os.Lstat(name); err != nil || n.photo.Owners.MadeSince(name) || n.claims.isPlanned(name) {
		return nil //nolint:nilerr // not there
	}
	return n.photo.Fail(failure.Conflict, fmt.Errorf("the output %s exists", name), "")
}

func (c *Claims) isPlanned(name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.planned.owner(name) != ""
}

// holdsOriginal refuses a folder that an original lies below.
func (n *Names) holdsOriginal(folder string) error {
	const remedy = "choose another output folder or path"
	for original := range n.claims.originals {
		if strings.HasPrefix(original, realName(folder)+"/") {
			return n.photo.Fail(failure.Conflict, fmt.Errorf("the output %s would replace the folder of the original %s", folder, original), remedy)
		}
	}
	if paths.ResolvedWithin(n.photo.Path, folder) {
		return n.photo.Fail(failure.Conflict, fmt.Errorf("the output %s would replace the original's folder", folder), remedy)
	}
	return nil
}
