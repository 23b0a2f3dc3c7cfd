package ledgertest

import (
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/journal"
)

// apply is the number of the first entry that the change logs.
func apply(t *testing.T, s history.Store, c history.Change) uint64 {
	t.Helper()
	ids, err := s.Apply(c)
	if err != nil || len(ids) != len(c.Log) {
		t.Fatalf("%d entries, want %d; %v", len(ids), len(c.Log), err)
	}
	if len(ids) == 0 {
		return 0
	}
	return ids[0]
}

func entries(t *testing.T, s history.Store, q journal.Query) []journal.Entry {
	t.Helper()
	all, err := s.Entries(q)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func photosOf(all []journal.Entry) (photos []string) {
	for _, e := range all {
		photos = append(photos, e.Photo)
	}
	return photos
}

func published(photo string, at time.Time) journal.Entry {
	return journal.Entry{Act: journal.Published, Photo: photo, Time: at, Settled: true}
}

// What is refused in part is not done in part.
func applyIsOneChange(t *testing.T, s history.Store) {
	put(t, s, done("old.jpg", "w", "c"))
	bad := published("", shot)
	if _, err := s.Apply(history.Change{Delete: []history.Key{{Path: "old.jpg", Task: "w"}}, Put: []history.Record{done("new.jpg", "w", "c")}, Log: []journal.Entry{bad}}); err == nil {
		t.Error("an entry without a photo is taken")
	}
	if _, ok := find(t, s, "old.jpg", "w"); !ok {
		t.Error("a change that was refused has deleted a record")
	}
	apply(t, s, history.Change{Delete: []history.Key{{Path: "old.jpg", Task: "w"}}, Put: []history.Record{done("new.jpg", "w", "c")}, Log: []journal.Entry{published("new.jpg", shot)}})
	apply(t, s, history.Change{Made: []string{"/out/a", "/out/b"}})
	apply(t, s, history.Change{Unmade: []string{"/out/a"}})
	a, err := s.IsMade("/out/a")
	b, err2 := s.IsMade("/out/b")
	if a || !b || err != nil || err2 != nil {
		t.Errorf("made: a %t, b %t, %v, %v", a, b, err, err2)
	}
	_, old := find(t, s, "old.jpg", "w")
	_, fresh := find(t, s, "new.jpg", "w")
	if old || !fresh || len(entries(t, s, journal.Query{})) != 1 {
		t.Errorf("old %t, new %t, %d entries", old, fresh, len(entries(t, s, journal.Query{})))
	}
}

func journalKeepsEveryField(t *testing.T, s history.Store) {
	e := journal.Entry{
		Act: journal.Undone, Time: shot, Photo: "/in/caf\xe9.jpg", Root: "/in", Task: "w /out\xff", Pipeline: "p", Content: "c", By: 7, Of: []uint64{3, 4},
		Files: []journal.File{{From: "/out/\xe9", To: "/trash/\xe9", FromTop: 4, ToTop: 6, Size: 5, Hash: "h", Sidecar: true, Folder: true, Replaced: "r", Own: true, Kept: "/kept/\xe9"}},
	}
	id := apply(t, s, history.Change{Log: []journal.Entry{e}})
	if e.ID = id; id == 0 {
		t.Fatal("an entry has no number")
	}
	same := func(want journal.Entry) {
		t.Helper()
		all := entries(t, s, journal.Query{Photo: e.Photo})
		if len(all) != 1 || !all[0].Time.Equal(want.Time) {
			t.Fatalf("%+v", all)
		}
		all[0].Time = want.Time
		if !reflect.DeepEqual(all[0], want) {
			t.Errorf("%+v, want %+v", all[0], want)
		}
	}
	same(e)
	e.Settled, e.By = true, 0
	if again := apply(t, s, history.Change{Log: []journal.Entry{e}}); again != id {
		t.Errorf("it has the number %d, once %d", again, id)
	}
	same(e)
}

// Entries come newest first, in pages, of a photo alone where that is asked.
func journalByPhoto(t *testing.T, s history.Store) {
	for i := range 700 {
		apply(t, s, history.Change{Log: []journal.Entry{published(fmt.Sprintf("/in/%d.jpg", i%3), shot)}})
	}
	apply(t, s, history.Change{Log: []journal.Entry{published("/in/1.jpg/x", shot), published("/in/1.jp", shot)}})
	all := entries(t, s, journal.Query{})
	if len(all) != 702 || !slices.IsSortedFunc(all, func(a, b journal.Entry) int { return int(b.ID) - int(a.ID) }) {
		t.Errorf("%d entries, or in another order", len(all))
	}
	of := entries(t, s, journal.Query{Photo: "/in/1.jpg"})
	if len(of) != 233 || slices.ContainsFunc(of, func(e journal.Entry) bool { return e.Photo != "/in/1.jpg" }) {
		t.Errorf("%d entries of one photo", len(of))
	}
	var paged []journal.Entry
	for before := uint64(0); ; before = paged[len(paged)-1].ID {
		page := entries(t, s, journal.Query{Photo: "/in/1.jpg", Before: before, Limit: 100})
		if paged = append(paged, page...); len(page) < 100 {
			break
		}
	}
	if !reflect.DeepEqual(paged, of) {
		t.Errorf("in pages there are %d entries", len(paged))
	}
	apply(t, s, history.Change{Forget: []uint64{of[0].ID}})
	if left := entries(t, s, journal.Query{Photo: "/in/1.jpg"}); len(left) != 232 {
		t.Errorf("%d entries are left", len(left))
	}
}

func journalUnsettled(t *testing.T, s history.Store) {
	open := published("open.jpg", shot)
	open.Settled = false
	open.ID = apply(t, s, history.Change{Log: []journal.Entry{open, published("b.jpg", shot)}})
	if got := photosOf(entries(t, s, journal.Query{Unsettled: true})); !slices.Equal(got, []string{"open.jpg"}) {
		t.Errorf("unsettled: %q", got)
	}
	open.Settled = true
	apply(t, s, history.Change{Log: []journal.Entry{open}})
	if got := entries(t, s, journal.Query{Unsettled: true}); len(got) > 0 {
		t.Errorf("unsettled in the end: %q", photosOf(got))
	}
}

// Old entries go, but those that are not settled, and none by a clock that has
// leapt ahead for a day.
func journalForgetsWhatIsOld(t *testing.T, s history.Store) {
	open := published("open.jpg", shot)
	open.Settled = false
	apply(t, s, history.Change{Log: []journal.Entry{published("old.jpg", shot), open, published("young.jpg", shot.AddDate(0, 0, 100))}})
	for _, step := range []struct{ day, left int }{{0, 3}, {100, 3}, {5000, 3}, {364, 3}, {366, 2}, {466, 2}, {467, 1}} {
		retained(t, s, step.day)
		if got := entries(t, s, journal.Query{}); len(got) != step.left {
			t.Errorf("on day %d: %q", step.day, photosOf(got))
		}
	}
	if got := entries(t, s, journal.Query{Photo: "old.jpg"}); len(got) > 0 {
		t.Errorf("still known by its photo: %v", got)
	}
}

func journalConcurrently(t *testing.T, s history.Store) {
	var all sync.WaitGroup
	ids := make([]uint64, 64)
	for i := range ids {
		all.Go(func() {
			got, err := s.Apply(history.Change{Put: []history.Record{done(fmt.Sprint(i), "w", "c")}, Log: []journal.Entry{published(fmt.Sprint(i), shot)}})
			if err != nil {
				t.Error(err)
				return
			}
			ids[i] = got[0]
		})
	}
	all.Wait()
	for i, id := range ids {
		if of := entries(t, s, journal.Query{Photo: fmt.Sprint(i)}); len(of) != 1 || of[0].ID != id {
			t.Errorf("photo %d has %v, want number %d", i, of, id)
		}
	}
}
