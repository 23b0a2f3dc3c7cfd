package plugin_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/plugin"
)

// everything lists the ledger's records and journal.
func (b *fixture) everything() (records, entries int) {
	b.Helper()
	photos, _, err := b.engine.Records().Photos(plugin.PhotosQuery{Limit: 100})
	if err != nil {
		b.Fatal(err)
	}
	undone, err := plugin.Undo(b.Context(), b.engine.Records(), plugin.UndoRequest{Dry: true})
	if err != nil {
		b.Fatal(err)
	}
	return len(photos), undone.Entries
}

func TestAnUnrecordedJobLeavesNothingBehind(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	photo := b.photo("a.jpg", 100, 80, 1)
	job := b.job(photo)
	job.Unrecorded = true
	for i := range 3 {
		job.Output = b.path("requests/" + string(rune('a'+i)))
		if err := os.Mkdir(job.Output, 0o700); err != nil {
			t.Fatal(err)
		}
		r, err := b.engine.Process(t.Context(), job)
		if err != nil || r.State != plugin.Done || len(r.Outputs) != 1 || r.Outputs[0].Index != 0 {
			t.Fatalf("got %+v, %v", r, err)
		}
	}
	damaged := b.write("in/b.jpg", []byte("\xff\xd8\xff\xe0 no picture"))
	job.Path = damaged
	for range plugin.MaxStrikes + 1 {
		if _, err := b.engine.Process(t.Context(), job); err == nil || strings.Contains(err.Error(), "quarantine") {
			t.Errorf("the damaged photo: got %v, want the same failure every time", err)
		}
	}
	if records, entries := b.everything(); records+entries != 0 {
		t.Errorf("%d records and %d entries of the journal are left of unrecorded jobs", records, entries)
	}
	b.done(photo) // a recorded one knows nothing of them
	b.skipped(photo, "already done")
	job.Path, job.Output = photo, b.path("requests/c")
	job.Overwrite = true
	if r, err := b.engine.Process(t.Context(), job); err != nil || r.State != plugin.Done {
		t.Errorf("got %+v, %v; want it done although a record says that it is", r, err)
	}
}

func TestAnUnrecordedJobReplacesNothingByItself(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	job := b.job(b.photo("a.jpg", 100, 80, 1))
	job.Unrecorded = true
	theirs := b.write("out/a.png", []byte("somebody's"))
	if _, err := b.engine.Process(t.Context(), job); err == nil {
		t.Error("a foreign file was replaced")
	}
	if got, _ := os.ReadFile(theirs); !bytes.Equal(got, []byte("somebody's")) {
		t.Errorf("the foreign file holds %q", got)
	}
}

func TestAnUnrecordedJobMovesNoOriginal(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	for name, change := range map[string]func(*plugin.Job){
		"review":     func(j *plugin.Job) { j.Review = true },
		"move":       func(j *plugin.Job) { j.After.Move = filepath.Join(b.folder, "done") },
		"quarantine": func(j *plugin.Job) { j.Quarantine = filepath.Join(b.folder, "bad") },
	} {
		job := b.job(b.photo("a.jpg", 100, 80, 1))
		job.Unrecorded = true
		change(&job)
		if _, err := b.engine.Process(t.Context(), job); err == nil || !strings.Contains(err.Error(), "no records") {
			t.Errorf("%s: got %v, want it refused", name, err)
		}
	}
}
