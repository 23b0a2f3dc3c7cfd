// Package review keeps verified results that a person has to approve before they
// are published, and carries out what that person decides.
//
// Results lie in folders of their own in the state folder, each named by one
// record; a [Shelf] makes and removes them. A [Desk] lists and decides. Publishing
// itself is the engine's: a decision is a change of the record, which the engine
// meets when it comes to the photo again. The package decodes no image.
package review

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// Shelf holds the folders of one state folder's results. Its methods may be called
// from several goroutines.
type Shelf struct {
	stateDir string
	log      *slog.Logger

	mu   sync.Mutex
	open map[string]bool // folders that no record names yet
}

// NewShelf is that of a state folder. A process has one.
func NewShelf(stateDir string, log *slog.Logger) *Shelf {
	return &Shelf{stateDir: stateDir, log: log, open: map[string]bool{}}
}

func (s *Shelf) folder() string { return history.ReviewFolder(s.stateDir) }

// Lot is a folder that is being filled.
type Lot struct {
	shelf *Shelf
	name  string
}

// Begin reserves a folder, which [Shelf.Sweep] leaves alone until the lot is
// recorded or discarded.
func (s *Shelf) Begin() *Lot {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &Lot{s, rand.Text()}
	s.open[l.name] = true
	return l
}

// Root is the folder, which is made with the first file.
func (l *Lot) Root() string { return filepath.Join(l.shelf.folder(), l.name) }

// Path is where the result for a target lies that is to go to path.
func (l *Lot) Path(target int, path string) string {
	return filepath.Join(l.Root(), strconv.Itoa(target), filepath.Base(path))
}

// Take gives a staged file of [Lot.Path] its name, so that it is there after a
// crash, and is what a record says of it.
func (l *Lot) Take(s *staging.File, target int, path, format string) (history.Result, error) {
	if _, err := s.Publish(); err != nil {
		return history.Result{}, err
	}
	return history.Result{
		Output: history.Output{Path: path, Size: s.Size, Hash: s.Hash},
		Name:   strconv.Itoa(target), Target: target, Format: format,
	}, s.Sync()
}

// Record lets the results wait, as those of a case, in place of what waited of it
// before, and ends the lot.
func (l *Lot) Record(c *history.Case, o history.Outcome, r history.Review) error {
	r.Folder = l.name
	left, err := history.Wait(c, o, r)
	if err != nil {
		return err
	}
	l.end()
	var errs []error
	for _, old := range left {
		errs = append(errs, old.Remove(l.shelf.stateDir))
	}
	if err := errors.Join(errs...); err != nil {
		l.shelf.log.Warn("older results of a photo in review were not removed", "folder", l.shelf.folder(), "error", err)
	}
	return nil
}

// Discard removes the lot, unless it was recorded. A nil lot holds nothing.
func (l *Lot) Discard() {
	if l == nil || !l.end() {
		return
	}
	if err := os.RemoveAll(l.Root()); err != nil {
		l.shelf.log.Warn("results that nobody will look at were not removed", "folder", l.Root(), "error", err)
	}
}

func (l *Lot) end() (was bool) {
	l.shelf.mu.Lock()
	defer l.shelf.mu.Unlock()
	was = l.shelf.open[l.name]
	delete(l.shelf.open, l.name)
	return was
}

// Sweep removes what no record names: results that a killed process had not
// recorded, or had already published. Where the records cannot be read, all stays.
func (s *Shelf) Sweep(store history.Store) error {
	folder := s.folder()
	there, err := os.ReadDir(folder) // first: what comes later is recorded or open
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	keep := map[string]bool{}
	for name := range s.open {
		keep[name] = true
	}
	s.mu.Unlock()
	err = store.EachReview(func(r history.Record) error {
		keep[r.Review.Folder] = true
		return nil
	})
	if err != nil {
		return err
	}
	var errs []error
	for _, d := range there {
		if !keep[d.Name()] {
			errs = append(errs, os.RemoveAll(filepath.Join(folder, d.Name())))
		}
	}
	return errors.Join(errs...)
}
