package ledger

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledgertest"
	"go.etcd.io/bbolt"
)

// close closes l and returns its file's content.
func closed(t *testing.T, l *Ledger) (file string, content []byte) {
	t.Helper()
	file = l.db.Path()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return file, content
}

func reopened(t *testing.T, file string) *Ledger {
	t.Helper()
	l, err := Open(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// fill puts n records in one transaction.
func fill(t testing.TB, l *Ledger, n int, entry func(i int) history.Record) {
	t.Helper()
	err := l.update(func(t tables) error {
		for i := range n {
			if err := t.put(entry(i)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// With its head gone, every record of a ledger is read back, in the state of
// its newest version.
func TestRecordsAreReadBack(t *testing.T) {
	for _, n := range []int{1, 3, 100} {
		l := openTest(t)
		for i := range n {
			e := done(fmt.Sprintf("%d.jpg", i), "w", fmt.Sprint("c", i), fmt.Sprintf("/out/%d.jpg", i))
			e.State, e.Finished = history.Failed, shot
			put(t, l, e)
			e.State, e.Finished = history.Done, shot.Add(1)
			put(t, l, e)
		}
		file, whole := closed(t, l)
		clear(whole[:2*os.Getpagesize()])
		if err := os.WriteFile(file, whole, 0o640); err != nil {
			t.Fatal(err)
		}
		l = reopened(t, file)
		if !strings.Contains(l.Notice(), fmt.Sprintf("with %d records", n)) {
			t.Errorf("notice: %s", l.Notice())
		}
		for i := range n {
			e, ok := find(t, l, fmt.Sprintf("%d.jpg", i), "w", fmt.Sprint("c", i))
			if !ok || e.State != history.Done || !e.Salvaged {
				t.Fatalf("%d: %+v, %t", i, e, ok)
			}
			if by := maker(t, l, fmt.Sprintf("/out/%d.jpg", i)); by != e.Path {
				t.Errorf("the maker of its output is %q", by)
			}
		}
	}
}

// Which version of a record is the newest is not the clock's to say.
func TestTheNewestVersionIsReadBack(t *testing.T) {
	l := openTest(t)
	const n = 100
	entry := func(i int, finished time.Time, state history.State) history.Record {
		e := done(fmt.Sprintf("%d.jpg", i), "w", fmt.Sprint("c", i), fmt.Sprintf("/out/%d.jpg", i))
		e.State, e.Finished = state, finished
		return e
	}
	fill(t, l, n, func(i int) history.Record { return entry(i, shot.Add(time.Hour), history.Quarantined) })
	fill(t, l, n, func(i int) history.Record { return entry(i, shot, history.Done) }) // the clock was set back
	file, whole := closed(t, l)
	found, err := salvage(file)
	if err != nil || len(found.records) <= n {
		t.Fatalf("%d versions of %d records are there, %v", len(found.records), n, err)
	}
	clear(whole[:2*os.Getpagesize()])
	if err := os.WriteFile(file, whole, 0o640); err != nil {
		t.Fatal(err)
	}
	l = reopened(t, file)
	for i := range n {
		if e, ok, err := ledgertest.Find(l, fmt.Sprintf("%d.jpg", i), "w"); err != nil || !ok || e.State != history.Done {
			t.Fatalf("%d: %+v, %t", i, e, ok)
		}
	}
}

// A ledger may come from a machine of larger pages.
func TestRecordsOfAnotherPageSizeAreReadBack(t *testing.T) {
	for _, size := range []int{4 << 10, 16 << 10, 64 << 10} {
		file := filepath.Join(t.TempDir(), FileName)
		db, err := bbolt.Open(file, 0o640, &bbolt.Options{PageSize: size})
		if err != nil {
			t.Fatal(err)
		}
		if err := layout(db); err != nil {
			t.Fatal(err)
		}
		l := newLedger(db)
		const n = 100
		fill(t, l, n, func(i int) history.Record {
			return done(fmt.Sprintf("%d.jpg", i), "w", fmt.Sprint("c", i), fmt.Sprintf("/out/%d.jpg", i))
		})
		file, whole := closed(t, l)
		clear(whole[:2*size])
		if err := os.WriteFile(file, whole, 0o640); err != nil {
			t.Fatal(err)
		}
		if l = reopened(t, file); !strings.Contains(l.Notice(), fmt.Sprintf("with %d records", n)) {
			t.Errorf("pages of %d bytes: %s", size, l.Notice())
		}
	}
}

// A crash between the two renames of a rebuilding leaves the new ledger.
func TestRebuildingIsFinished(t *testing.T) {
	l := openTest(t)
	put(t, l, done("a.jpg", "w", "c"))
	file, whole := closed(t, l)
	if err := os.Rename(file, file+rebuilding); err != nil {
		t.Fatal(err)
	}
	l = reopened(t, file)
	if _, ok, err := ledgertest.Find(l, "a.jpg", "w"); !ok || err != nil {
		t.Errorf("the record is lost: %v", err)
	}
	l.Close()
	if err := os.WriteFile(file+rebuilding, whole[:100], 0o640); err != nil { // one before them does not
		t.Fatal(err)
	}
	if l = reopened(t, file); l.Notice() != "" {
		t.Error(l.Notice())
	}
}

// While one process opens a ledger, and may rebuild it, another waits and in the
// end touches nothing.
func TestWhileAnotherRebuilds(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, FileName)
	release, err := alone(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, file + rebuilding} {
		if err := os.WriteFile(name, []byte("half a ledger"), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "in use by another Burnish") {
		t.Errorf("opened meanwhile: %v", err)
	}
	if names, _ := filepath.Glob(file + "*"); len(names) != 3 {
		t.Errorf("there are now %q", names)
	}
	release()
	if l := reopened(t, file); l.Notice() == "" {
		t.Error("the damage was not found")
	}
}

// Of several that find one ledger damaged, one rebuilds it, and nothing is lost.
func TestRebuiltOnce(t *testing.T) {
	const n, openers = 300, 4
	l := openTest(t)
	fill(t, l, n, func(i int) history.Record {
		return done(fmt.Sprintf("%d.jpg", i), "w", fmt.Sprint("c", i), fmt.Sprintf("/out/%d.jpg", i))
	})
	file, whole := closed(t, l)
	clear(whole[:2*os.Getpagesize()])
	if err := os.WriteFile(file, whole, 0o640); err != nil {
		t.Fatal(err)
	}
	var notices atomic.Int32
	var all sync.WaitGroup
	for range openers {
		all.Go(func() {
			l, err := Open(filepath.Dir(file))
			for ; err != nil && strings.Contains(err.Error(), "in use"); l, err = Open(filepath.Dir(file)) {
			}
			if err != nil {
				t.Error(err)
				return
			}
			if l.Notice() != "" {
				notices.Add(1)
			}
			records := 0
			if err := l.Each(false, func(history.Record) error { records++; return nil }); err != nil || records != n {
				t.Errorf("%d records, %v", records, err)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if aside, _ := filepath.Glob(file + ".damaged-*"); len(aside) != 1 || notices.Load() != 1 {
		t.Errorf("set aside: %q; %d told of it", aside, notices.Load())
	}
}

// FuzzSalvage makes sure that no page brings the reader of damaged ledgers down,
// and that it takes nothing for a record that is none.
func FuzzSalvage(f *testing.F) {
	l, err := Open(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	for i := range 9 {
		put(f, l, done(fmt.Sprintf("%d.jpg", i), "w", "c", fmt.Sprintf("/out/%d.jpg", i)))
	}
	file := l.db.Path()
	l.Close()
	whole, err := os.ReadFile(file)
	if err != nil {
		f.Fatal(err)
	}
	size := os.Getpagesize()
	for at := 0; at+size <= len(whole); at += size {
		f.Add(whole[at : at+size])
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		s := salvaged{outputs: map[string]string{}}
		s.leaf(page)
		for _, e := range s.records {
			if err := e.Validate(); err != nil || !e.Salvaged {
				t.Errorf("%+v, %v", e, err)
			}
		}
	})
}
