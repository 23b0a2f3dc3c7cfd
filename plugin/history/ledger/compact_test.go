package ledger

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledgertest"
	"go.etcd.io/bbolt"
)

func TestCompaction(t *testing.T) {
	l := openTest(t)
	const many = 20_000
	note := map[string]string{"filler": strings.Repeat("x", 500)}
	fill := func(change func(t tables, e history.Record) error) {
		t.Helper()
		err := l.db.Update(func(tx *bbolt.Tx) error {
			tables, err := open(tx)
			if err != nil {
				return err
			}
			for i := range many {
				e := done(fmt.Sprintf("%d.jpg", i), "w", fmt.Sprint("c", i))
				e.Notes = note
				if err := change(tables, e); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	fill(func(t tables, e history.Record) error { return t.put(e) })
	fill(func(t tables, e history.Record) error {
		if e.Path == "7.jpg" {
			return nil
		}
		return t.drop(join(e.Path, e.Task))
	})
	file, whole := closed(t, l)
	if err := os.WriteFile(file+compacting, whole[:5000], 0o640); err != nil { // as a kill leaves it
		t.Fatal(err)
	}
	l = reopened(t, file)
	info, err := os.Stat(file)
	if err != nil || info.Size()*10 > int64(len(whole)) || !strings.Contains(l.News(), "compacted") {
		t.Errorf("%d bytes became %d, %v: %s", len(whole), info.Size(), err, l.News())
	}
	t.Logf("%d bytes became %d", len(whole), info.Size())
	if e, ok, err := ledgertest.Find(l, "7.jpg", "w"); !ok || err != nil || len(e.Notes["filler"]) != 500 {
		t.Errorf("the record that was left is %+v, %v", e, err)
	}
	if _, err := os.Lstat(file + compacting); err == nil {
		t.Error("the copy is left")
	}
	if _, err := Open(filepath.Dir(file)); err == nil {
		t.Error("the compacted ledger is not locked")
	}
}
