package ledger

import (
	"fmt"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/catalog"
	"go.etcd.io/bbolt"
)

// An older release has neither of the catalog's tables; its ledger gets them,
// and the file's schema stays what that release reads.
func TestCatalogOfAnOlderRelease(t *testing.T) {
	l := openTest(t)
	put(t, l, done("/in/a.jpg", "w", "c1"), done("/in/b.jpg", "w", "c2"))
	err := l.db.Update(func(tx *bbolt.Tx) error {
		if err := tx.DeleteBucket(catalogBucket); err != nil {
			return err
		}
		return tx.DeleteBucket(idsBucket)
	})
	if err != nil {
		t.Fatal(err)
	}
	file, _ := closed(t, l)
	l = reopened(t, file)
	if got := listed(t, l, catalog.Query{}); len(got) != 2 {
		t.Errorf("listed %v", got)
	}
	if _, ok, err := l.ByID(catalog.ID("/in/a.jpg", "w")); !ok || err != nil {
		t.Errorf("by its id: %t, %v", ok, err)
	}
	if schema != 4 {
		t.Errorf("schema %d: releases that know 4 no longer open the file", schema)
	}
}

// An older release keeps the tables as they are while it puts and deletes.
func TestCatalogAfterAnOlderReleaseHasWritten(t *testing.T) {
	l := openTest(t)
	put(t, l, done("/in/a.jpg", "w", "c1"), done("/in/gone.jpg", "w", "c2"))
	older := func(f func(tables) error) {
		t.Helper()
		err := l.update(func(now tables) error {
			now.catalog, now.ids = nil, nil
			return f(now)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	older(func(o tables) error { return o.drop(join("/in/gone.jpg", "w")) })
	if got := listed(t, l, catalog.Query{}); len(got) != 1 {
		t.Errorf("with a record gone: %v", got)
	}
	older(func(o tables) error { return o.put(done("/in/new.jpg", "w", "c3")) })
	file, _ := closed(t, l)
	l = reopened(t, file)
	if got := listed(t, l, catalog.Query{}); len(got) != 2 || got[0] != "/in/new.jpg" {
		t.Errorf("after the upgrade: %v", got)
	}
}

// A catalog that is damaged costs entries, not the ledger.
func TestCatalogOfNonsense(t *testing.T) {
	l := openTest(t)
	put(t, l, done("/in/a.jpg", "w", "c1"))
	err := l.update(func(t tables) error {
		for i, entry := range []string{"", "\xff", "\x00\x00\xff\xff\xff\xff", "{}", "\x00\x00\x00\x00\x00\x00\xff\xff"} {
			key := catalog.KeyOf(shot, uint64(1000+i))
			if err := t.catalog.Put(key[:], []byte(entry)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := listed(t, l, catalog.Query{}); len(got) != 1 {
		t.Errorf("listed %v", got)
	}
}

func listed(t testing.TB, l *Ledger, q catalog.Query) (paths []string) {
	t.Helper()
	all, _, err := l.List(q)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		paths = append(paths, r.Path)
	}
	return paths
}

// ofLibrary is a ledger of n records of years of photos.
func ofLibrary(t testing.TB, n int) *Ledger {
	t.Helper()
	l := openTest(t)
	for from := 0; from < n; from += 10_000 {
		err := l.update(func(t tables) error {
			for i := from; i < min(n, from+10_000); i++ {
				if err := t.put(photoOfLibrary(i)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func photoOfLibrary(i int) history.Record {
	path := fmt.Sprintf("/srv/photos/ingest/%d/%02d/IMG_%06d.JPG", 2010+i/10_000, i/800%12+1, i)
	damage := float64(i%100) / 100
	r := done(path, fmt.Sprintf("%064x /srv/photos/restored", 7), fmt.Sprintf("%064x", i), path+".restored.jpg", path+".thumb.webp")
	r.Finished, r.Pipeline, r.Root, r.Build = shot.Add(time.Duration(i)*time.Second), "photos", "/srv/photos/ingest", fmt.Sprintf("%064x", 9)
	r.Notes = map[string]string{"model": "lite 1.2.0", "model_digest": fmt.Sprintf("%064x", 5), "device": "cpu", "evidence": "blocks at 8 px, ringing at edges"}
	r.Photo = &history.Photo{Format: "jpeg", Width: 6000, Height: 4000, Camera: []string{"Canon EOS R5", "NIKON D850", "Apple iPhone 15"}[i%3]}
	r.Stats.Damage, r.Stats.Pixels = &damage, 24e6
	return r
}

// queries are what a person may ask of a library. The last finds nothing, so
// that every entry is looked at.
func queries() map[string]catalog.Query {
	most, least := 0.005, 0.995
	half := catalog.KeyOf(shot.Add(library/2*time.Second), 0).String()
	return map[string]catalog.Query{
		"all":     {},
		"middle":  {After: half},
		"folder":  {Folder: "/srv/photos/ingest/2010/01"},
		"result":  {Result: history.ResultLeftAlone},
		"camera":  {Camera: "nikon"},
		"damage":  {Most: &most},
		"text":    {Text: "img_000017"},
		"nothing": {Text: "no such photo", Camera: "canon", Most: &least},
	}
}

// A page reads the records that it shows, and no others, however many there
// are and whatever is asked for.
func TestListReadsWhatItShows(t *testing.T) {
	small, large := ofLibrary(t, 1000), ofLibrary(t, library)
	work := func(l *Ledger, q catalog.Query) float64 {
		return testing.AllocsPerRun(3, func() { listed(t, l, q) })
	}
	page := work(small, catalog.Query{})
	for name, q := range queries() {
		if got := work(large, q); got > 1.2*page+100 {
			t.Errorf("%s: %.0f allocations of a ledger of %d, a page of a small one has %.0f", name, got, library, page)
		}
		best := time.Hour
		for range 5 { // beside other work
			began := time.Now()
			listed(t, large, q)
			best = min(best, time.Since(began))
		}
		if best > 100*time.Millisecond {
			t.Errorf("%s: a page took %s", name, best)
		}
	}
}

func BenchmarkList(b *testing.B) {
	l := ofLibrary(b, library)
	for name, q := range queries() {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				listed(b, l, q)
			}
		})
	}
}
