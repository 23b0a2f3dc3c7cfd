package originals

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/plugin/source"
)

// sidecarSet are the sidecars that go with a photo. They go first: a photo that a
// crash leaves in its place is moved once more, and what is left of its sidecars
// with it.
type sidecarSet struct {
	mover Mover
	from  *beneath.Folder
	photo string
	names []string
}

// sidecarsOf finds the sidecars of the photo of that name in its folder.
func (m Mover) sidecarsOf(from *beneath.Folder, photo string) (s sidecarSet, err error) {
	s = sidecarSet{mover: m, from: from, photo: photo}
	s.mover.Before, s.mover.unsettled = nil, true
	if m.Sidecars == Leave {
		return s, nil
	}
	names, err := m.Listings.similar(from, photo)
	if err != nil {
		return s, fmt.Errorf("look for sidecars: %w", err)
	}
	s.names = sidecars(photo, names, m.Sidecars == MoveEdits)
	return s, nil
}

// follows reports whether a sidecar's name changes with its photo's.
func (s sidecarSet) follows(sidecar string) bool {
	return renamed(sidecar, s.photo, "-"+s.photo) != sidecar
}

// meets reports whether a sidecar would meet another file where the photo gets
// that name.
func (s sidecarSet) meets(to *beneath.Folder, name string) bool {
	for _, sidecar := range s.names {
		if _, err := to.Lstat(renamed(sidecar, s.photo, name)); s.follows(sidecar) && !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

// planned is where move will bring each sidecar, by where it lies.
func (s sidecarSet) planned(to *beneath.Folder, name string) map[string]string {
	places := map[string]string{}
	for _, sidecar := range s.names {
		places[filepath.Join(s.from.Path(), sidecar)] = filepath.Join(to.Path(), renamed(sidecar, s.photo, name))
	}
	return places
}

// move moves the sidecars and returns the names that they get, by those that
// they had. One that cannot be moved stays, which is noted.
func (s sidecarSet) move(to *beneath.Folder, name string) (moved map[string]string) {
	moved = map[string]string{}
	for _, sidecar := range s.names {
		now := renamed(sidecar, s.photo, name)
		if err := s.carry(s.from, sidecar, to, now); err != nil {
			s.mover.note("sidecars_left", fmt.Sprintf("%s stays: %v", sidecar, err))
			continue
		}
		moved[sidecar] = now
	}
	return moved
}

func (s sidecarSet) carry(from *beneath.Folder, name string, to *beneath.Folder, newName string) error {
	f, err := source.In(from, name)
	if err != nil {
		return err
	}
	defer f.Close()
	return s.mover.moveTo(f, from, name, to, newName)
}

// putBack gives the sidecars of a photo that stays their places back.
func (s sidecarSet) putBack(to *beneath.Folder, moved map[string]string) error {
	s.mover.unsettled = false // its copy is Burnish's own
	var errs []error
	for was, now := range moved {
		if err := s.carry(to, now, s.from, was); err != nil {
			errs = append(errs, fmt.Errorf("the sidecar %s is at %s: %w", was, filepath.Join(to.Path(), now), err))
		}
	}
	return errors.Join(errs...)
}

// report tells which sidecars went along.
func (s sidecarSet) report(moved map[string]string) {
	var names []string
	for _, sidecar := range s.names {
		if moved[sidecar] != "" {
			names = append(names, sidecar)
			if s.mover.SidecarMoved != nil {
				s.mover.SidecarMoved(filepath.Join(s.from.Path(), sidecar))
			}
		}
	}
	if len(names) > 0 {
		s.mover.note("sidecars", strings.Join(names, ", "))
	}
}
