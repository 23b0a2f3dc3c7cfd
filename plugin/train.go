package plugin

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/plugin/source"
)

// train are the sidecars that go with a photo. They go first: a photo that a
// crash leaves in its place is moved once more, and what is left of its sidecars
// with it.
type train struct {
	mover
	from     *beneath.Folder
	photo    string
	sidecars []string
}

// train finds the sidecars of the photo of that name in its folder.
func (m mover) train(from *beneath.Folder, photo string) (t train, err error) {
	t = train{mover: m, from: from, photo: photo}
	t.mover.before, t.mover.unsettled = nil, true
	if !m.sidecars {
		return t, nil
	}
	folder, err := os.Open(from.Handle())
	if err != nil {
		return t, fmt.Errorf("look for sidecars: %w", err)
	}
	defer folder.Close()
	entries, err := folder.ReadDir(-1)
	if err != nil {
		return t, fmt.Errorf("look for sidecars: %w", err)
	}
	near := commonBeginning(photo)
	var names []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), near) && (e.Type().IsRegular() || e.Type()&fs.ModeIrregular != 0) {
			names = append(names, e.Name())
		}
	}
	t.sidecars = sidecars(photo, names, m.originalsStay)
	return t, nil
}

// commonBeginning is what the names of all sidecars of a photo begin with,
// however they write what is no ASCII.
func commonBeginning(photo string) string {
	stem, _ := cutNumber(strings.TrimSuffix(photo, filepath.Ext(photo)))
	stem = stem[:min(len(stem), takeoutLength)]
	for i := range len(stem) {
		if stem[i] >= 0x80 {
			return stem[:max(0, i-1)] // the letter before may bear a mark
		}
	}
	return stem
}

// follows reports whether a sidecar's name changes with its photo's.
func (t train) follows(sidecar string) bool {
	return renamed(sidecar, t.photo, "-"+t.photo) != sidecar
}

// meets reports whether a sidecar would meet another file where the photo gets
// that name.
func (t train) meets(to *beneath.Folder, name string) bool {
	for _, s := range t.sidecars {
		if _, err := to.Lstat(renamed(s, t.photo, name)); t.follows(s) && !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

// move moves the sidecars and returns the names that they had. One that cannot
// be moved stays, which is told.
func (t train) move(to *beneath.Folder, name string) (gone map[string]string) {
	gone = map[string]string{}
	for _, s := range t.sidecars {
		now := renamed(s, t.photo, name)
		if err := t.carry(t.from, s, to, now); err != nil {
			t.mover.tell("sidecars_left", fmt.Sprintf("%s stays: %v", s, err))
			continue
		}
		gone[s] = now
	}
	return gone
}

func (t train) carry(from *beneath.Folder, name string, to *beneath.Folder, newName string) error {
	f, err := source.In(from, name)
	if err != nil {
		return err
	}
	defer f.Close()
	return t.moveTo(f, from, name, to, newName)
}

// putBack gives the sidecars of a photo that stays their places back.
func (t train) putBack(to *beneath.Folder, gone map[string]string) error {
	t.mover.unsettled = false // its copy is Burnish's own
	var errs []error
	for was, now := range gone {
		if err := t.carry(to, now, t.from, was); err != nil {
			errs = append(errs, fmt.Errorf("the sidecar %s is at %s: %w", was, filepath.Join(to.Path(), now), err))
		}
	}
	return errors.Join(errs...)
}

func (t train) tell(gone map[string]string) {
	var names []string
	for _, s := range t.sidecars {
		if gone[s] != "" {
			names = append(names, s)
			if t.mover.took != nil {
				t.mover.took(filepath.Join(t.from.Path(), s))
			}
		}
	}
	if len(names) > 0 {
		t.mover.tell("sidecars", strings.Join(names, ", "))
	}
}
