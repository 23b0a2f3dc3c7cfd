package naming

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"

	"github.com/burnish-photo/burnish/plugin/failure"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// Owners know whose outputs files are.
type Owners interface {
	// Owner is the photo that an output was made from, "" where none is known, and
	// whether that photo was archived.
	Owner(name string) (photo string, archived bool, err error)
	// Wrote reports whether a file of that name and content is an output.
	Wrote(name, hash string) (bool, error)
	// MadeSince reports whether an output was made since the engine was opened, as
	// far as that alone is known.
	MadeSince(name string) bool
	// ProtectLast refuses to overwrite what may be all that is left of another
	// photo. The name is not locked while it looks.
	ProtectLast(name, format string) error
}

// Photo is whose outputs get names.
type Photo struct {
	Path   string      // absolute
	Info   fs.FileInfo // of its file
	Owners Owners
	// IsOwn reports whether a file that nobody is known to own says itself that it
	// was made of this photo.
	IsOwn func(path, hash string) bool
	Fail  func(k failure.Kind, err error, remedy string) *failure.Error

	Kept      []string // its outputs that stay as they are: none of the others may have their names
	Overwrite bool     // files that Burnish does not know may be replaced
	Absent    bool     // no output may be there before, unless Overwrite is set
}

// Wish is one file that a photo is to become.
type Wish struct {
	Output, Page int    // which of the pipeline's outputs, of which of the photo's pages, from 0
	Path         string // absolute, without a number; "" where it is not wanted
	Format       string
	Collision    string
	Joins        bool // pages with one path are joined in it
	Folder       bool // it is a folder of that path
}

// Target is a wish and the name that it got, "" where the file that is there
// stays, or none is wanted.
type Target struct {
	Wish
	Name string
}

// Names are the names that a photo's outputs got. They belong to one goroutine.
type Names struct {
	Targets []Target

	claims            *Claims
	photo             Photo
	preview, foreseen bool
}

// Claims are the names of outputs that are being made. Its methods may be called
// from several goroutines; no file is read under its lock.
type Claims struct {
	originals     map[string]bool // that no output may replace, by their real names
	originalFiles map[fileID]bool

	mu      sync.Mutex
	held    map[string]*Names
	planned planned // whose names they would be
}

// NewClaims begins with no names taken. No output may replace one of the
// originals, whose paths are absolute.
func NewClaims(originals ...string) *Claims {
	c := &Claims{originals: map[string]bool{}, originalFiles: map[fileID]bool{}, held: map[string]*Names{}}
	for _, path := range originals {
		c.protect(path)
	}
	return c
}

// Claim names a photo's outputs and takes their names: none of them is an
// original or belongs to another photo. They are taken until Release.
func (c *Claims) Claim(p Photo, wishes []Wish) (*Names, error) {
	return c.claim(&Names{photo: p}, wishes)
}

func (c *Claims) claim(n *Names, wishes []Wish) (*Names, error) {
	n.claims = c
	for range 1000 {
		n.Targets = nil
		again, err := n.try(wishes)
		if err == nil {
			return n, nil
		}
		if !again {
			return nil, err
		}
	}
	return nil, n.photo.Fail(failure.Conflict, errors.New("no free name was found for an output"), "add {hash} to the output's path")
}

// Preview gives the names that Claim would. Where they are foreseen they are taken
// for the photo as if it were done, so that another that would have the same is
// found. The same photo may be previewed several times at once, and while it is
// done.
func (c *Claims) Preview(p Photo, wishes []Wish, foreseen bool) (*Names, error) {
	return c.claim(&Names{photo: p, preview: true, foreseen: foreseen}, wishes)
}

// try asks to be called again where another photo took a numbered name
// meanwhile.
func (n *Names) try(wishes []Wish) (again bool, err error) {
	numbered := false
	for _, wish := range wishes {
		t := Target{Wish: wish}
		if wish.Path != "" {
			if t.Name, err = n.name(wish); err != nil {
				return false, err
			}
			numbered = numbered || wish.Collision == Number
		}
		n.Targets = append(n.Targets, t)
		if t.Name != "" && wish.Collision == Overwrite {
			if err := n.photo.Owners.ProtectLast(t.Name, t.Format); err != nil {
				return false, err
			}
		}
	}
	if err = n.hold(); err == nil {
		return false, nil
	}
	var known *failure.Error
	return numbered && errors.As(err, &known) && known.Kind == failure.Conflict, err
}

// Hold takes names that are known to be the photo's.
func (c *Claims) Hold(p Photo, targets []Target) (*Names, error) {
	n := &Names{claims: c, photo: p, Targets: targets}
	if err := n.hold(); err != nil {
		return nil, err
	}
	return n, nil
}

// hold takes the targets' names, unless another photo that still exists has
// them.
func (n *Names) hold() error {
	c := n.claims
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, t := range n.Targets {
		if t.Name == "" {
			continue
		}
		if t.Collision == Overwrite {
			if err := n.protectArchived(t.Name); err != nil {
				return err
			}
			continue
		}
		if other := n.holder(t.Name); other != nil {
			return n.taken(t.Name, other.photo.Path)
		}
		owner, _, err := n.ownerBeside(t.Name)
		if err != nil {
			return err
		}
		if owner != "" {
			return n.taken(t.Name, owner)
		}
	}
	for _, t := range n.Targets {
		switch {
		case t.Name == "":
		case n.foreseen:
			c.planned.set(t.Name, n.photo.Path)
		case !n.preview:
			c.held[t.Name] = n
		}
	}
	return nil
}

// holder are the other names that a name is taken by; a preview does not mind
// those of its photo. The lock is held.
func (n *Names) holder(name string) *Names {
	other := n.claims.held[name]
	if other == n || other != nil && n.preview && other.photo.Path == n.photo.Path {
		return nil
	}
	return other
}

// Release gives the names back.
func (n *Names) Release() {
	n.claims.mu.Lock()
	defer n.claims.mu.Unlock()
	for _, t := range n.Targets {
		if n.claims.held[t.Name] == n {
			delete(n.claims.held, t.Name)
		}
	}
}

// Idle reports whether every file that the photo would become is there and is
// to stay.
func (n *Names) Idle() bool {
	return !slices.ContainsFunc(n.Targets, func(t Target) bool { return t.Name != "" })
}

// Settle lets a numbered output have another number's name, or the plain one,
// where the very same file is already that nobody is known to own: what was made
// before the ledger was lost stays, and no second one is written beside it. The
// file needs no seal: it is to the byte what would be written now, which is
// either what only this pipeline makes or, for an undamaged photo that passes
// through, a copy of the source, of which the original is at hand. This photo's
// own file, under whatever name, is never taken, nor is an original that the host
// named. Whose a file is is asked before it is read and, under the lock, once
// more after.
func (n *Names) Settle(i int, s *staging.File) error {
	t := &n.Targets[i]
	if t.Collision != Number {
		return nil
	}
	for _, name := range NumberedThere(t.Path) {
		if name == t.Name {
			continue
		}
		free, err := n.take(t, name, false)
		if err != nil {
			return err
		}
		if !free || n.mayWrite(name, t.Folder) != nil || !s.Equals(name) {
			continue
		}
		if free, err = n.take(t, name, true); err != nil {
			return err
		}
		if free {
			s.Path = name
			return nil
		}
	}
	return nil
}

// take reports whether nobody has a name, and claims it for the target instead
// of its own where that is asked.
func (n *Names) take(t *Target, name string, claim bool) (free bool, err error) {
	c := n.claims
	c.mu.Lock()
	defer c.mu.Unlock()
	owner, _, err := n.owner(name)
	if owner != "" || err != nil || c.held[name] != nil {
		return false, err
	}
	if claim {
		delete(c.held, t.Name)
		c.held[name], t.Name = n, name
	}
	return true, nil
}

// MayReplace refuses to write over what Burnish did not make, or what was
// changed since, unless it is the very same. Of files a user may allow it; a
// folder may hold anything, originals among it.
func (n *Names) MayReplace(i int, s *staging.File) error {
	there, folder, err := s.There()
	overwrite := (n.photo.Overwrite || n.Targets[i].Collision == Overwrite) && !folder
	if errors.Is(err, os.ErrNotExist) || err == nil && (there == s.Hash || overwrite) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("output %s: %w", s.Path, err)
	}
	ours, err := n.photo.Owners.Wrote(s.Path, there)
	if ours || err != nil || n.photo.IsOwn(s.Path, there) {
		return err
	}
	return n.photo.Fail(failure.Conflict, fmt.Errorf("the output %s exists and is not as Burnish made it", s.Path), "move it away, or choose another output folder or path")
}
