package history_test

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/burnish-photo/burnish/plugin/failure"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledgertest"
	"github.com/burnish-photo/burnish/plugin/source"
)

// full is a store on a disk without space.
type full struct{ history.Store }

func (full) Put(history.Record) error          { return syscall.ENOSPC }
func (full) Delete(_, _ string) error          { return syscall.ENOSPC }
func (full) Move(_, _, _ string) error         { return syscall.ENOSPC }
func (full) SetMount(_ string, _ string) error { return syscall.ENOSPC }

// What cannot be recorded is a failure of the ledger, whatever a decision wants to
// record: nothing of the photo, and nothing of the output folder.
func TestADecisionThatCannotBeRecorded(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.jpg")
	if err := os.WriteFile(path, []byte("\xff\xd8\xff\xe0 no more"), 0o644); err != nil {
		t.Fatal(err)
	}
	photo, err := source.Inspect(source.Request{Name: path, Path: path, Root: folder})
	if err != nil {
		t.Fatal(err)
	}
	defer photo.Close()
	hash, err := photo.File.Digest()
	if err != nil {
		t.Fatal(err)
	}
	task := history.Task{Pipeline: "p", Settings: "s", Build: "b", Folder: filepath.Join(folder, "out"), Outputs: 1}
	record := history.Record{Key: history.Key{Path: path, Task: task.Key(), Content: hash}, Build: "b", Pipeline: "p", State: history.Done}
	for name, change := range map[string]func(*history.Record){
		"of an earlier release": func(r *history.Record) { r.Task, r.Build = "old "+task.Folder, "" },
		"salvaged":              func(r *history.Record) { r.Salvaged = true },
		"salvaged and wrong": func(r *history.Record) {
			r.Salvaged, r.Outputs = true, []history.Output{{Path: filepath.Join(folder, "gone"), Hash: "h"}}
		},
		"of a move that came about": func(r *history.Record) { r.MovedTo, r.Content = filepath.Join(folder, "b.jpg"), "other" },
		"of another time":           func(*history.Record) {},
	} {
		t.Run(name, func(t *testing.T) {
			store := ledgertest.NewMemory()
			r := record
			change(&r)
			if err := store.Put(r); err != nil {
				t.Fatal(err)
			}
			h := &history.History{Reader: store, Store: full{store}, StateDir: filepath.Join(folder, "state"), Log: slog.Default(), IsCurrent: func(string) bool { return true }}
			_, err := h.Open(task, photo).Decide(nil)
			var f *failure.Error
			if !errors.As(err, &f) || f.Kind != failure.Unrecorded || !strings.Contains(f.Error(), h.StateDir) {
				t.Errorf("%v, want that it is not recorded", err)
			}
		})
	}
}
