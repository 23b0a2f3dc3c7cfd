package ledgertest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/catalog"
)

// ended is a record of path that ended so many minutes after shot.
func ended(path string, minutes int) history.Record {
	r := done(path, "w1 /out", "c "+path)
	r.Finished = shot.Add(time.Duration(minutes) * time.Minute)
	return r
}

func list(t *testing.T, s history.Store, q catalog.Query) (paths []string, next string) {
	t.Helper()
	all, next, err := s.List(q)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		paths = append(paths, r.Path)
	}
	return paths, next
}

func lists(t *testing.T, s history.Store) {
	never := ended("never", 0)
	never.Finished = time.Time{}
	put(t, s, never, ended("b", 2), ended("a", 1), ended("c", 3), ended("same", 2))
	if got, next := list(t, s, catalog.Query{}); !slices.Equal(got, []string{"c", "same", "b", "a", "never"}) || next != "" {
		t.Errorf("listed %v, then %q", got, next)
	}
	put(t, s, ended("a", 9)) // it moves to the front
	if err := s.Delete("c", "w1 /out"); err != nil {
		t.Fatal(err)
	}
	if err := s.Move("b", "moved", "w1 /out"); err != nil {
		t.Fatal(err)
	}
	if got, _ := list(t, s, catalog.Query{}); !slices.Equal(got, []string{"a", "moved", "same", "never"}) {
		t.Errorf("after changes: %v", got)
	}
	if _, _, err := s.List(catalog.Query{After: "../x"}); err == nil {
		t.Error("a malformed end of a page passes")
	}
}

func listPages(t *testing.T, s history.Store) {
	for i := range 25 {
		put(t, s, ended(fmt.Sprintf("%02d", i), i))
	}
	var got []string
	q := catalog.Query{Limit: 10}
	for n := 0; ; n++ {
		page, next := list(t, s, q)
		got = append(got, page...)
		if next == "" {
			break
		}
		if q.After = next; n == 0 { // the page's last record goes, and another comes: the next page is as it was
			put(t, s, ended("new", 99))
			if err := s.Delete("15", "w1 /out"); err != nil {
				t.Fatal(err)
			}
		}
	}
	if len(got) != 25 || !slices.IsSortedFunc(got, func(a, b string) int { return -compare(a, b) }) {
		t.Errorf("paged %v", got)
	}
	if _, next := list(t, s, catalog.Query{Limit: 25}); next != "" {
		t.Errorf("after all of them there is another page %q", next)
	}
}

func compare(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func listFilters(t *testing.T, s history.Store) {
	light, heavy := 0.1, 0.8
	photo := func(path string, minutes int, change func(*history.Record)) {
		r := ended(path, minutes)
		r.Pipeline = "photos"
		change(&r)
		put(t, s, r)
	}
	photo("/in/é/Straße.jpg", 1, func(r *history.Record) {
		r.Notes, r.Stats.Damage = map[string]string{"model": "lite"}, &heavy
		r.Photo = &history.Photo{Camera: "Canon EOS R5"}
	})
	photo("/in/B.JPG", 2, func(r *history.Record) { r.Notes, r.Stats.Damage = map[string]string{"left_alone": "clean"}, &light })
	photo("/in/c.png", 3, func(r *history.Record) { r.State, r.Error = history.Failed, "broken" })
	photo("/inner/d.png", 4, func(r *history.Record) { r.Pipeline = "scans" })
	at := func(v float64) *float64 { return &v }
	for _, test := range []struct {
		q    catalog.Query
		want []string
	}{
		{catalog.Query{Folder: "/in"}, []string{"/in/c.png", "/in/B.JPG", "/in/é/Straße.jpg"}},
		{catalog.Query{Folder: "/in/é/"}, []string{"/in/é/Straße.jpg"}},
		{catalog.Query{Result: "done"}, []string{"/inner/d.png", "/in/B.JPG", "/in/é/Straße.jpg"}},
		{catalog.Query{Result: history.ResultRestored}, []string{"/in/é/Straße.jpg"}},
		{catalog.Query{Result: history.ResultLeftAlone}, []string{"/in/B.JPG"}},
		{catalog.Query{Result: "failed"}, []string{"/in/c.png"}},
		{catalog.Query{Result: "don"}, nil},
		{catalog.Query{Pipeline: "scans"}, []string{"/inner/d.png"}},
		{catalog.Query{Camera: "eos"}, []string{"/in/é/Straße.jpg"}},
		{catalog.Query{Text: "b.jp"}, []string{"/in/B.JPG"}},
		{catalog.Query{Text: "E\u0301/STR"}, []string{"/in/é/Straße.jpg"}}, // decomposed
		{catalog.Query{Text: "w1"}, nil},
		{catalog.Query{Least: at(0.5)}, []string{"/in/é/Straße.jpg"}},
		{catalog.Query{Least: at(0.1), Most: at(0.1)}, []string{"/in/B.JPG"}},
		{catalog.Query{Most: at(0.5)}, []string{"/in/B.JPG"}},
		{catalog.Query{Folder: "/in", Pipeline: "scans"}, nil},
	} {
		if got, next := list(t, s, test.q); !slices.Equal(got, test.want) || next != "" {
			t.Errorf("%+v: %v, then %q; want %v", test.q, got, next, test.want)
		}
	}
}

func byID(t *testing.T, s history.Store) {
	r := ended("/in/a.jpg", 1)
	put(t, s, r, ended("/in/b.jpg", 1))
	r.Error = "changed"
	put(t, s, r)
	if got, ok, err := s.ByID(r.ID()); !ok || err != nil || got.Path != r.Path || got.Error != "changed" {
		t.Errorf("found %+v, %t, %v", got, ok, err)
	}
	if err := s.Delete(r.Path, r.Task); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{r.ID(), "", "x", "/in/b.jpg", ended("/in/c.jpg", 1).ID()} {
		if got, ok, err := s.ByID(id); ok || err != nil {
			t.Errorf("%q: found %+v, %v", id, got, err)
		}
	}
}
