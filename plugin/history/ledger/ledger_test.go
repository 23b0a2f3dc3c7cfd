package ledger

import (
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledgertest"
)

func TestStore(t *testing.T) {
	ledgertest.Run(t, func(t *testing.T) history.Store {
		l, err := Open(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		return l
	})
}

var shot = time.Date(2024, 5, 17, 12, 30, 0, 123456789, time.FixedZone("", 7200))

func openTest(t testing.TB) *Ledger {
	t.Helper()
	l, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func put(t testing.TB, l *Ledger, records ...history.Record) {
	t.Helper()
	for _, r := range records {
		if err := l.Put(r); err != nil {
			t.Fatal(err)
		}
	}
}

// find is the record of that path, task and content; ok is false for none.
func find(t testing.TB, l *Ledger, path, task, content string) (r history.Record, ok bool) {
	t.Helper()
	r, ok, err := ledgertest.Find(l, path, task)
	if err != nil {
		t.Fatal(err)
	}
	return r, ok && r.Content == content
}

// maker is the path that an output was last made from, "" for none.
func maker(t testing.TB, l *Ledger, output string) string {
	t.Helper()
	m, _, err := l.Maker(output)
	if err != nil {
		t.Fatal(err)
	}
	return m.Path
}

// done is a record of path with content c that wrote the outputs named.
func done(path, task, c string, outputs ...string) history.Record {
	r := history.Record{
		Key:   history.Key{Path: path, Task: task, Content: c},
		Stat:  history.Stat{Size: 1000, ModTime: shot, Inode: 7, Changed: shot},
		State: history.Done,
	}
	for _, o := range outputs {
		r.Outputs = append(r.Outputs, history.Output{Path: o, Size: 10, Hash: "hash of " + o + " from " + c})
	}
	return r
}
