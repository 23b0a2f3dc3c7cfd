package ledger

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/burnish-photo/burnish/plugin/history"
	"go.etcd.io/bbolt"
)

// migrations bring a file from the schema of their index plus one to the next.
// Each runs in the transaction that raises the version, once.
var migrations = []func(*bbolt.Tx) error{
	indexFailures, // 1 → 2
	number,        // 2 → 3
	packs,         // 3 → 4
}

// schema is the version of the file's layout.
var schema = uint64(len(migrations)) + 1

var schemaKey = []byte("schema")

// layout makes the tables of a new file and brings an old one up to date.
func layout(db *bbolt.DB) error {
	return db.Update(func(tx *bbolt.Tx) error {
		meta, err := tx.CreateBucketIfNotExists(metaBucket)
		if err != nil {
			return err
		}
		found := schema // of a new file
		if v := meta.Get(schemaKey); len(v) == 8 {
			found = binary.BigEndian.Uint64(v)
		}
		if found > schema {
			return fmt.Errorf("it was written by a newer Burnish (schema %d, this one knows %d): install that release again or set another state_dir", found, schema)
		}
		for _, name := range allTables {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		for ; found < schema; found++ {
			if err := migrations[max(found, 1)-1](tx); err != nil {
				return fmt.Errorf("bring it from schema %d to %d: %w", found, found+1, err)
			}
		}
		if err := meta.Put(schemaKey, binary.BigEndian.AppendUint64(nil, schema)); err != nil {
			return err
		}
		for _, index := range indexes {
			if err := index(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// indexes bring tables up to date that older releases neither have nor keep, so
// that a file stays readable for them: its schema does not rise. Each runs
// whenever the file is opened, and sees by itself what is to be done.
var indexes = []func(*bbolt.Tx) error{
	indexCatalog,
}

// indexFailures fills the table of failures, which schema 1 did not have.
func indexFailures(tx *bbolt.Tx) error {
	t, err := open(tx)
	if err != nil {
		return err
	}
	return t.records.ForEach(func(id, value []byte) error {
		if e, ok := decode(id, value); ok && e.HasFailed() {
			return t.failed.Put(id, nil)
		}
		return nil
	})
}

// packs keeps releases off that cannot read what is packed; what they wrote stays as
// it is.
func packs(*bbolt.Tx) error { return nil }

// number gives the records of schema 2 their sequence, by when they were made.
func number(tx *bbolt.Tx) error {
	t, err := open(tx)
	if err != nil {
		return err
	}
	type old struct {
		id []byte
		history.Record
	}
	var all []old
	err = t.records.ForEach(func(id, value []byte) error {
		if e, ok := decode(id, value); ok {
			all = append(all, old{bytes.Clone(id), e})
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b old) int { return a.Finished.Compare(b.Finished) })
	for _, o := range all {
		if err := t.putRecord(o.id, o.Record); err != nil {
			return err
		}
	}
	return nil
}
