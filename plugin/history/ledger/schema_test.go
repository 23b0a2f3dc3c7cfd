package ledger

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledgertest"
	"go.etcd.io/bbolt"
)

// Records of schema 2 had no sequence.
func TestSchemaTwo(t *testing.T) {
	l := openTest(t)
	err := l.db.Update(func(tx *bbolt.Tx) error {
		for i := range 3 {
			e := done(fmt.Sprintf("%d.jpg", i), "w", fmt.Sprint("c", i))
			e.Finished = shot.Add(-time.Duration(i) * time.Hour)
			value, err := json.Marshal(e)
			if err != nil {
				return err
			}
			if err := tx.Bucket(recordsBucket).Put(join(e.Path, e.Task), value); err != nil {
				return err
			}
		}
		return tx.Bucket(metaBucket).Put(schemaKey, binary.BigEndian.AppendUint64(nil, 2))
	})
	if err != nil {
		t.Fatal(err)
	}
	file, _ := closed(t, l)
	l = reopened(t, file)
	put(t, l, done("3.jpg", "w", "c3"))
	file, _ = closed(t, l)
	found, err := salvage(file)
	if err != nil {
		t.Fatal(err)
	}
	newest := map[string]uint64{}
	for _, r := range found.records {
		newest[r.Path] = max(newest[r.Path], r.Sequence)
	}
	if want := map[string]uint64{"2.jpg": 1, "1.jpg": 2, "0.jpg": 3, "3.jpg": 4}; !maps.Equal(newest, want) {
		t.Errorf("sequences %v, want %v", newest, want)
	}
}

// A ledger of schema 1 had no table of failures.
func TestSchemaOne(t *testing.T) {
	l := openTest(t)
	failed := done("failed.jpg", "w", "c1")
	failed.State = history.Quarantined
	put(t, l, failed, done("done.jpg", "w", "c2", "/out/done.jpg"))
	err := l.db.Update(func(tx *bbolt.Tx) error {
		if err := tx.DeleteBucket(failedBucket); err != nil {
			return err
		}
		return tx.Bucket(metaBucket).Put(schemaKey, binary.BigEndian.AppendUint64(nil, 1))
	})
	if err != nil {
		t.Fatal(err)
	}
	file, _ := closed(t, l)
	for range 2 {
		l = reopened(t, file)
		all, err := history.Failures(l)
		if err != nil || len(all) != 1 || all[0].Path != "failed.jpg" || l.Notice() != "" {
			t.Errorf("failures: %+v, %v, %s", all, err, l.Notice())
		}
		if _, ok, err := ledgertest.FindEqual(l, "c2", "w"); !ok || err != nil {
			t.Errorf("what was done is lost: %v", err)
		}
		l.Close()
	}
}
