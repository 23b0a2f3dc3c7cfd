package plugin_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/history"
)

// A telephone sends its photos again. What was archived is done, whatever made
// its outputs then, and however many equal photos were archived elsewhere.
func TestAnArchivedPhotoThatComesAgainIsDone(t *testing.T) {
	for name, change := range map[string]func(*fixture){
		"same build":      func(*fixture) {},
		"other weights":   func(b *fixture) { b.release(1, "second") },
		"earlier release": (*fixture).earlier,
	} {
		t.Run(name, func(t *testing.T) {
			b := learnedFixture(t, &logged{})
			originals := b.path("originals")
			paths := []string{b.photo("sea/a.jpg", 40, 30, 1), filepath.Join(b.path("in"), "sky/b.jpg")}
			data := readFile(t, paths[0])
			b.write("in/sky/b.jpg", data)
			for _, path := range paths {
				b.run(b.moving(path, originals))
			}
			change(b)
			b.reopen()
			for _, path := range paths {
				rel, _ := filepath.Rel(b.path("in"), path)
				b.write(filepath.Join("in", rel), data)
				before := readFile(t, strings.TrimSuffix(b.path("out/"+rel), ".jpg")+".png")
				if r := b.run(b.moving(path, originals)); r.State != plugin.Skipped || !strings.Contains(r.Reason, "already done as "+filepath.Join(originals, rel)) {
					t.Errorf("%s comes again: %+v", rel, r)
				}
				if _, err := os.Stat(path); err == nil {
					t.Errorf("%s stays", rel)
				}
				if after := readFile(t, strings.TrimSuffix(b.path("out/"+rel), ".jpg")+".png"); string(after) != string(before) {
					t.Errorf("the output of %s is another", rel)
				}
			}
		})
	}
}

// Of several records from before builds were told apart one is taken over, once:
// those of settings that were given up long ago tell nothing of the next ones.
func TestOneRecordOfAnEarlierReleaseIsTakenOver(t *testing.T) {
	b := learnedFixture(t, &logged{})
	a := b.photo("a.jpg", 40, 30, 1)
	b.done(a)
	b.earlier()
	b.eachRecord(func(s history.Store, r history.Record) { // of other outputs
		older := r
		_, folder, _ := strings.Cut(r.Task, " ")
		older.Task, older.Finished, older.Outputs = "fedcba9876543210 "+folder, r.Finished.AddDate(-1, 0, 0), []history.Output{{Path: b.path("out/a.webp"), Hash: "00"}}
		if err := s.Put(older); err != nil {
			t.Fatal(err)
		}
	})
	b.open()
	b.skipped(a, "already done")
	b.config = strings.Replace(b.config, "by: 3", "by: 4", 1)
	b.reopen()
	b.done(a)
}

// Outputs that tell of their photo do not tell of the build that made them.
func TestRecognizedOutputsAreNotGivenToEqualPhotos(t *testing.T) {
	b := learnedFixture(t, &logged{})
	a := b.photo("a.jpg", 40, 30, 1)
	b.done(a)
	b.release(1, "second")
	if err := b.engine.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(b.path("state")); err != nil {
		t.Fatal(err)
	}
	b.open()
	b.skipped(a, "its outputs say so")
	if r := b.done(b.write("in/copy.jpg", readFile(t, a))); strings.Contains(r.Reason, "a.jpg") {
		t.Errorf("a new photo got an older result: %s", r.Reason)
	}
}
