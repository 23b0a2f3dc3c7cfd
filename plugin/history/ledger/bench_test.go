package ledger

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledgertest"
)

const benchEntries = 10_000

func filled(b *testing.B) (*Ledger, []history.Record) {
	b.Helper()
	l := openTest(b)
	entries := make([]history.Record, benchEntries)
	for i := range entries {
		path := fmt.Sprintf("/srv/photos/ingest/2024/05/IMG_%05d.jpg", i)
		content := fmt.Sprintf("%064x", i)
		entries[i] = done(path, fmt.Sprintf("%064x", 7), content)
		entries[i].Outputs = []history.Output{
			{Path: path + ".restored.jpg", Size: 1, Hash: fmt.Sprintf("%064x", 3*i)},
			{Path: path + ".thumb.jpg", Size: 1, Hash: fmt.Sprintf("%064x", 3*i+1)},
		}
	}
	err := l.update(func(t tables) error {
		for _, e := range entries {
			if err := t.put(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	return l, entries
}

// One job after the other: a sync each.
func BenchmarkPut(b *testing.B) {
	l, entries := filled(b)
	for i := 0; b.Loop(); i++ {
		put(b, l, entries[i%benchEntries])
	}
}

// Sixteen jobs a core at a time share their syncs.
func BenchmarkPutConcurrent(b *testing.B) {
	l, entries := filled(b)
	var next atomic.Int64
	b.SetParallelism(16)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := l.Put(entries[next.Add(1)%benchEntries]); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	l, entries := filled(b)
	for i := 0; b.Loop(); i++ {
		e := entries[i%benchEntries]
		if _, ok, err := ledgertest.Find(l, e.Path, e.Task); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

// Opening walks the whole file.
func BenchmarkOpen(b *testing.B) {
	l, _ := filled(b)
	file := l.db.Path()
	l.Close()
	for b.Loop() {
		l, err := openFile(file)
		if err != nil {
			b.Fatal(err)
		}
		l.Close()
	}
}
