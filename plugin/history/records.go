package history

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/plugin/failure"
	"github.com/burnish-photo/burnish/plugin/history/catalog"
	"github.com/burnish-photo/burnish/plugin/history/journal"
	"github.com/burnish-photo/burnish/plugin/mounts"
	"github.com/burnish-photo/burnish/plugin/originals"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// Records are what an engine remembers, for people to look at and to change.
type Records struct {
	store    Store
	stateDir string

	// Hold, where it is set, waits until nothing is done with a photo, and keeps others
	// from beginning.
	Hold func(ctx context.Context, photo string) (release func(), err error)
}

// Failure is a photo that failed when it was last tried.
type Failure struct {
	ID          string       `json:"id"`             // of its record, in listings
	Root        string       `json:"root,omitempty"` // the watched folder
	Path        string       `json:"path"`
	MovedTo     string       `json:"moved_to,omitempty"` // where it lies instead
	Pipeline    string       `json:"pipeline"`
	Kind        failure.Kind `json:"kind"`
	Reason      string       `json:"reason"`
	Hint        string       `json:"hint,omitempty"`
	Attempts    int          `json:"attempts"`
	Strikes     int          `json:"strikes"`
	Quarantined bool         `json:"quarantined"` // else it is tried again
	Time        time.Time    `json:"time"`        // of the last attempt
}

// Store is where they are kept.
func (r *Records) Store() Store { return r.store }

// StateDir is the state folder.
func (r *Records) StateDir() string { return r.stateDir }

// NewRecords gives access to a store, whose state folder is named.
func NewRecords(s Store, stateDir string) *Records { return &Records{store: s, stateDir: stateDir} }

// Close closes the store.
func (r *Records) Close() error { return r.store.Close() }

// Failures lists what failed and is still there, ordered by path.
func (r *Records) Failures() ([]Failure, error) {
	entries, err := r.failed()
	var all []Failure
	for _, e := range entries {
		all = append(all, Failure{
			ID: e.ID(), Root: e.Root, Path: e.Path, MovedTo: e.MovedTo, Pipeline: e.Pipeline, Kind: failure.Kind(e.ErrorClass), Reason: e.Error, Hint: e.Hint,
			Attempts: e.Attempts, Strikes: e.Strikes, Quarantined: e.State == Quarantined, Time: e.Finished,
		})
	}
	return all, err
}

// Photos are the records that q asks for, the latest first; see [Store.List].
func (r *Records) Photos(q catalog.Query) (records []Record, next string, err error) {
	return r.store.List(q)
}

// Photo is the record of that [Record.ID].
func (r *Records) Photo(id string) (Record, bool, error) { return r.store.ByID(id) }

// failed leaves out photos that were deleted.
func (r *Records) failed() (left []Record, err error) {
	entries, err := Failures(r.store)
	for _, e := range entries {
		if mounts.MayExist(e.Path) || e.MovedTo != "" && mounts.MayExist(e.MovedTo) {
			left = append(left, e)
		}
	}
	return left, err
}

// Retry forgets the failures of the paths, photos or folders of them, or of all
// photos where there are none, and returns the photos concerned. One that was
// moved into quarantine is moved back. A path that no failure is known of is an
// error, as is a photo that cannot be moved back; the others are seen to.
func (r *Records) Retry(ctx context.Context, paths []string) (photos []string, err error) {
	return r.RetryWhere(ctx, paths, Query{}, false)
}

// RetryWhere is Retry for those of the failures that q describes. A dry run only
// tells of them.
func (r *Records) RetryWhere(ctx context.Context, paths []string, q Query, dry bool) (photos []string, err error) {
	entries, err := r.failed()
	if err != nil {
		return nil, err
	}
	versions, err := AllVersions(r.store)
	if err != nil {
		return nil, err
	}
	q.changed = versions.Changed
	var errs []error
	used := make([]bool, len(paths))
	for _, e := range entries {
		if len(paths) > 0 && !named(e, paths, used) {
			continue
		}
		if matches, err := q.Matches(e); !matches || err != nil {
			errs = append(errs, err)
			continue
		}
		if !dry {
			changed, err := r.change(ctx, e.Key, Record.HasFailed, r.again)
			if err != nil || !changed { // by somebody else
				errs = append(errs, err)
				continue
			}
		}
		photos = append(photos, e.Path)
	}
	for i, path := range paths {
		if !used[i] {
			errs = append(errs, fmt.Errorf("%s: no failure is known of it; burnish failed lists them", path))
		}
	}
	return photos, errors.Join(errs...)
}

// change changes the record of a key, as it is once nothing is done with its photo,
// and reports whether there is one that is still to be changed.
func (r *Records) change(ctx context.Context, key Key, still func(Record) bool, how func(Record) error) (changed bool, err error) {
	if r.Hold != nil {
		release, err := r.Hold(ctx, key.Path)
		if err != nil {
			return false, err
		}
		defer release()
	}
	e, ok, err := r.of(key)
	if err != nil || !ok || !still(e) {
		return false, err
	}
	return true, how(e)
}

// named reports whether the paths name e, and marks those that do.
func named(e Record, paths []string, used []bool) (yes bool) {
	for i, path := range paths {
		for _, place := range []string{e.Path, e.MovedTo} {
			if place == path || place != "" && strings.HasPrefix(place, strings.TrimSuffix(path, "/")+"/") {
				yes, used[i] = true, true
			}
		}
	}
	return yes
}

// again makes a failed photo a new one. It may have been interrupted before,
// with the photo back already.
func (r *Records) again(e Record) error {
	done := Change{Delete: []Key{e.Key}}
	if e.Review != nil { // what was made stays, and so does whether it was approved
		waits := e
		waits.State, waits.Error, waits.Hint, waits.ErrorClass, waits.MovedTo = Waiting, "", "", "", ""
		waits.Attempts, waits.Strikes, waits.Starved, waits.Outputs, waits.Review.Try = 0, 0, 0, nil, nil
		done = Change{Put: []Record{waits}}
	}
	if e.MovedTo != "" && mounts.MayExist(e.MovedTo) {
		entries, err := r.returning(e)
		if err != nil {
			return err
		}
		if err := r.renameBack(e); err != nil {
			_, forget := r.store.Apply(Change{Forget: []uint64{entries[0].ID}})
			return errors.Join(err, forget)
		}
		for i := range entries {
			entries[i].Settled = true
		}
		done.Log = entries
	}
	if err := os.Remove(reasonFile(r.stateDir, e)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	_, err := r.store.Apply(done)
	return err
}

// returning logs that a photo is put back from quarantine. Beside that entry it
// gives those of how it came there, which are taken back by it.
func (r *Records) returning(e Record) ([]journal.Entry, error) {
	back := journal.Entry{
		Act: journal.Returned, Time: time.Now(), Photo: e.Path, Root: e.Root, Task: e.Task, Pipeline: e.Pipeline, Content: e.Content,
		Files: []journal.File{{From: e.MovedTo, To: e.Path, ToTop: journal.Top(e.Root, e.Path), Size: e.Stat.Size, Hash: e.Content}},
	}
	before, err := r.store.Entries(journal.Query{Photo: e.Path})
	if err != nil {
		return nil, err
	}
	ids, err := r.store.Apply(Change{Log: []journal.Entry{back}})
	if err != nil {
		return nil, err
	}
	back.ID = ids[0]
	entries := []journal.Entry{back}
	for _, b := range before {
		if b.Act == journal.Quarantined && b.By == 0 && len(b.Files) > 0 && b.Files[0].To == e.MovedTo {
			b.By = back.ID
			entries = append(entries, b)
		}
	}
	return entries, nil
}

func (r *Records) renameBack(e Record) error {
	root, aside := filepath.Dir(e.Path), filepath.Dir(e.MovedTo)
	if rel, err := filepath.Rel(e.Root, e.Path); e.Root != "" && err == nil && filepath.IsLocal(rel) {
		root, aside = e.Root, strings.TrimSuffix(aside, "/"+filepath.Dir(rel))
	}
	err := originals.Mover{Owner: staging.PrefixOf(r.stateDir)}.PutBack(aside, e.MovedTo, root, e.Path)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s cannot be moved back: another file is at %s now; move one of them", e.MovedTo, e.Path)
	}
	return err
}

// Reprocess marks the results that q describes, so that they are made again,
// and returns the photos concerned. Until then the outputs stay as they are. Of a
// photo whose pipeline or build was changed since, only the outputs that are not
// current are made again, of others all.
func (r *Records) Reprocess(ctx context.Context, q Query) (photos []string, err error) {
	chosen, err := r.Choose(q, nil)
	if err != nil {
		return nil, err
	}
	for _, key := range chosen {
		changed, err := r.change(ctx, key, Record.mayBeRedone, r.redo)
		if changed {
			photos = append(photos, key.Path)
		}
		if err != nil {
			return photos, err
		}
	}
	return photos, nil
}

// mayBeRedone reports whether the record is one of a photo that was seen to.
func (r Record) mayBeRedone() bool {
	return r.State == Done || r.State == Rejected || r.State == Waiting || r.State == Skipped
}

// redo marks a record, and gives up what waits for review of it.
func (r *Records) redo(e Record) error {
	review := e.Review
	e = e.Restored()
	e.State, e.Review = Requeued, nil
	if err := r.store.Put(e); err != nil || review == nil {
		return err
	}
	return review.Remove(r.stateDir)
}

// Choose finds the results that Reprocess would mark, and shows them to see, which
// may be nil.
func (r *Records) Choose(q Query, see func(Record)) (chosen []Key, err error) {
	versions, err := AllVersions(r.store)
	if err != nil {
		return nil, err
	}
	q.changed = versions.Changed
	var taken []Record // those whose outputs others have taken
	err = r.store.Each(false, func(e Record) error {
		skipped := e.State == Skipped && e.Undone.IsZero() && versions.Changed(e)
		if e.State != Done && e.State != Rejected && e.State != Waiting && e.Undone.IsZero() && !skipped || e.MovedTo != "" {
			return nil
		}
		if matches, err := q.Matches(e); !matches || err != nil {
			return err
		}
		if _, missing := os.Lstat(e.Path); missing != nil {
			return nil // its outputs are all that is left of it
		}
		if e.Superseded != "" {
			taken = append(taken, e)
			return nil
		}
		chosen = append(chosen, Key{Path: e.Path, Task: e.Task})
		if see != nil {
			see(e)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return r.chooseTaken(chosen, taken, see)
}

// chooseTaken adds records of photos whose outputs others have taken, unless those
// are chosen too: the two would take turns.
func (r *Records) chooseTaken(chosen []Key, taken []Record, see func(Record)) ([]Key, error) {
	if len(taken) == 0 {
		return chosen, nil
	}
	is := map[Key]bool{}
	for _, key := range chosen {
		is[key] = true
	}
	for _, e := range taken {
		is[Key{Path: e.Path, Task: e.Task}] = true
	}
	for _, e := range taken {
		if again, err := r.takenBy(is, e); again || err != nil {
			if err != nil {
				return nil, err
			}
			continue
		}
		chosen = append(chosen, Key{Path: e.Path, Task: e.Task})
		if see != nil {
			see(e)
		}
	}
	return chosen, nil
}

// of is the record of a path and task.
func (r *Records) of(key Key) (e Record, ok bool, err error) {
	all, err := r.store.Of(key.Path)
	for _, e := range all {
		if e.Task == key.Task {
			return e, true, nil
		}
	}
	return e, false, err
}

// takenBy reports whether an output of a superseded photo is now that of another
// which is chosen too.
func (r *Records) takenBy(chosen map[Key]bool, e Record) (bool, error) {
	for _, o := range e.Outputs {
		made, _, err := r.store.Maker(o.Path)
		if err != nil {
			return false, err
		}
		if maker := made.Record; chosen[Key{Path: maker.Path, Task: maker.Task}] {
			return true, nil
		}
	}
	return false, nil
}

// Failures are the records of what failed and what is in quarantine, ordered by
// path.
func Failures(s Store) (all []Record, err error) {
	err = s.Each(true, func(r Record) error {
		all = append(all, r)
		return nil
	})
	return all, err
}
