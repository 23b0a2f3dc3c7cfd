package review_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledgertest"
	"github.com/burnish-photo/burnish/plugin/review"
)

// full is a store whose disk is full.
type full struct{ *ledgertest.Memory }

func (full) Put(history.Record) error { return errors.New("no space left on device") }

// Results of which it cannot be recorded that they were rejected wait on.
func TestARejectionThatCannotBeRecorded(t *testing.T) {
	state, store := t.TempDir(), ledgertest.NewMemory()
	waits := history.Review{Folder: "F", Results: []history.Result{{Output: history.Output{Path: "/out/a.png"}, Name: "0"}}}
	file := waits.File(state, waits.Results[0])
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, nil, 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := store.Put(history.Record{Key: history.Key{Path: "/in/a.jpg", Task: "w /out", Content: "c"}, State: history.Waiting, Review: &waits}); err != nil {
		t.Fatal(err)
	}
	for _, s := range []history.Store{full{store}, store} {
		d := review.NewDesk(history.NewRecords(s, state), review.NewShelf(state, slog.New(slog.DiscardHandler)), nil)
		_, rejected := d.Reject(t.Context(), review.Selection{})
		if _, err := os.Stat(file); (err == nil) != (rejected != nil) {
			t.Errorf("rejected: %v; its result: %v", rejected, err)
		}
	}
}
