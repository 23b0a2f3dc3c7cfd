package plugin_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledger"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// moving is a job whose original is moved to the folder named.
func (b *fixture) moving(path, folder string) plugin.Job {
	j := b.job(path)
	j.After.Move = folder
	return j
}

func (b *fixture) run(j plugin.Job) plugin.Result {
	b.Helper()
	r, err := b.engine.Process(b.Context(), j)
	if err != nil {
		b.Fatal(err)
	}
	return r
}

func TestTheOriginalIsMovedAfterSuccess(t *testing.T) {
	for name, elsewhere := range map[string]string{"same file system": "", "another": "/dev/shm"} {
		t.Run(name, func(t *testing.T) {
			b := newFixture(t, small, plugin.WithLedger())
			folder := filepath.Join(b.folder, "originals")
			if elsewhere != "" {
				var err error
				if folder, err = os.MkdirTemp(elsewhere, "burnish-test-"); err != nil {
					t.Skip(err)
				}
				defer os.RemoveAll(folder)
			}
			a := b.photo("sea/a.jpg", 20, 10, 1)
			os.Chtimes(a, r2024, r2024)
			original, _ := os.ReadFile(a)
			b.run(b.moving(a, folder))
			if _, err := os.Stat(a); err == nil {
				t.Error("it is still there")
			}
			moved := filepath.Join(folder, "sea/a.jpg")
			if data, _ := os.ReadFile(moved); !bytes.Equal(data, original) {
				t.Error("its content has changed")
			}
			if info, err := os.Stat(moved); err != nil || !info.ModTime().Equal(r2024) {
				t.Error("its time has changed")
			}
			if left, _ := filepath.Glob(filepath.Join(folder, "sea/.*")); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// A camera numbers its photos anew: what was put away keeps its outputs.
func TestOutputsOfAMovedPhotoAreSafe(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	folder := filepath.Join(b.folder, "originals")
	a := b.photo("a.jpg", 20, 10, 1)
	original, _ := os.ReadFile(a)
	b.run(b.moving(a, folder))
	before, _ := os.ReadFile(b.path("out/a.png"))

	b.photo("a.jpg", 20, 10, 2)
	b.fails(a, plugin.Conflict, "already belongs to "+filepath.Join(folder, "a.jpg"))
	os.Remove(filepath.Join(folder, "a.jpg")) // even when the original is gone for good
	b.fails(a, plugin.Conflict, "already belongs to")

	// Nor does overwriting reach them.
	config := b.config
	b.config = strings.Replace(config, "- path:", "- collision: overwrite\n        path:", 1)
	b.reopen()
	b.fails(a, plugin.Conflict, "already belongs to")
	b.config = config
	b.reopen()

	// The same photo once more has nothing to be done, and is put away too.
	b.write("in/a.jpg", original)
	if r := b.run(b.moving(a, folder)); r.State != plugin.Skipped || !strings.Contains(r.Reason, "already done") {
		t.Errorf("%+v", r)
	}
	if now, _ := os.ReadFile(b.path("out/a.png")); !bytes.Equal(now, before) {
		t.Error("the output was replaced")
	}
	if data, _ := os.ReadFile(filepath.Join(folder, "a.jpg")); !bytes.Equal(data, original) {
		t.Error("the second original is not there")
	}
}

func TestAnOriginalWithoutItsOutputsStays(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	a := b.photo("a.jpg", 20, 10, 1)
	b.done(a)
	b.write("out/a.png", []byte("edited"))
	b.run(b.moving(a, filepath.Join(b.folder, "originals")))
	os.Remove(b.path("out/a.png"))
	b.run(b.moving(a, filepath.Join(b.folder, "originals")))
	if _, err := os.Stat(a); err != nil {
		t.Error(err)
	}
}

func TestTrash(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	a := b.photo("sea/a.jpg", 20, 10, 1)
	j := b.job(a)
	j.After.Trash = time.Hour
	b.run(j)
	if got := b.files("state/trash"); len(got) != 1 || got[0] != "state/trash/1h0m0s/sea/a.jpg" {
		t.Fatalf("the trash holds %v", got)
	}
	b.write("state/trash/notes.txt", []byte("not Burnish's"))
	for _, test := range []struct {
		after time.Duration
		left  int
	}{{-48 * time.Hour, 2}, {30 * time.Minute, 2}, {2 * time.Hour, 1}} { // the first: the clock was set back
		if err := b.engine.EmptyTrash(time.Now().Add(test.after)); err != nil {
			t.Error(err)
		}
		if got := b.files("state/trash"); len(got) != test.left {
			t.Errorf("after %s: %v", test.after, got)
		}
	}
}

// What was done with an earlier content says nothing of the present one.
func TestAnotherContentIsNotPutAway(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	a := b.photo("a.jpg", 20, 10, 1)
	b.run(b.job(a))
	output, err := os.ReadFile(b.path("out/a.png"))
	if err != nil {
		t.Fatal(err)
	}
	b.write("in/a.jpg", output)
	if r := b.run(b.moving(a, filepath.Join(b.folder, "originals"))); r.State != plugin.Skipped {
		t.Fatalf("got %v", r)
	}
	if now, err := os.ReadFile(a); err != nil || string(now) != string(output) {
		t.Error("a file that was passed over has left its place")
	}
}

func TestOnlyTheContentThatWasDoneIsPutAway(t *testing.T) {
	b := newFixture(t, small+"    pages: skip\n", plugin.WithLedger())
	data, err := os.ReadFile(b.photo("one.jpg", 20, 10, 1))
	if err != nil {
		t.Fatal(err)
	}
	scan := b.write("in/scan.tif", data)
	b.done(scan)
	b.pages("scan.tif", "tiffsave") // another, which the pipeline passes over
	folder := filepath.Join(b.folder, "originals")
	if r := b.run(b.moving(scan, folder)); r.State != plugin.Skipped {
		t.Fatalf("%+v", r)
	}
	if got := b.files("originals"); len(got) > 0 {
		t.Errorf("put away though nothing was made of it: %v", got)
	}
}

func TestAMoveThatFailedIsForgotten(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	a := b.photo("a.jpg", 20, 10, 1)
	b.write("blocked/a.jpg", nil)
	b.run(b.moving(a, filepath.Join(b.folder, "blocked/a.jpg"))) // a file where the folder should be
	if _, err := os.Stat(a); err != nil {
		t.Fatal(err)
	}
	b.photo("a.jpg", 20, 10, 2)
	b.done(a)
	b.run(b.moving(a, filepath.Join(b.folder, "blocked/a.jpg")))
	w, err := plugin.ParseQuery(`pipeline == "small"`)
	if err != nil {
		t.Fatal(err)
	}
	if photos, err := b.engine.Records().Reprocess(b.Context(), w); err != nil || len(photos) != 1 {
		t.Errorf("to be done again: %v, %v", photos, err)
	}
}

// rewrite changes the one record while no engine has the ledger.
func (b *fixture) rewrite(change func(*history.Record)) {
	b.Helper()
	if err := b.engine.Close(); err != nil {
		b.Fatal(err)
	}
	l, err := ledger.Open(b.path("state"))
	if err != nil {
		b.Fatal(err)
	}
	var e history.Record
	err = l.Each(false, func(found history.Record) error { e = found; return nil })
	change(&e)
	if err := errors.Join(err, l.Put(e), l.Close()); err != nil {
		b.Fatal(err)
	}
	b.open()
}

func TestAPhotoEditedAfterAMoveThatNeverCameAbout(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	a := b.photo("a.jpg", 20, 10, 1)
	b.done(a)
	b.rewrite(func(e *history.Record) { e.MovedTo = b.path("originals/a.jpg") })
	other, err := os.ReadFile(b.photo("other.jpg", 20, 10, 2))
	if err != nil {
		t.Fatal(err)
	}
	b.write("in/a.jpg", other)
	b.done(a)
}

func TestLinksAreNotPutAway(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	a := b.photo("a.jpg", 20, 10, 1)
	link := b.path("in/link.jpg")
	if err := os.Symlink("a.jpg", link); err != nil {
		t.Fatal(err)
	}
	job := b.moving(link, filepath.Join(b.folder, "originals"))
	job.Links = plugin.FollowLinks
	b.run(job)
	for _, path := range []string{a, link} {
		if _, err := os.Stat(path); err != nil {
			t.Error(err)
		}
	}
	if got := b.files("originals"); len(got) > 0 {
		t.Errorf("moved: %v", got)
	}
}

func TestHalfMovedOriginalsAreSwept(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	for _, folder := range []string{"in", "originals", "held"} {
		b.path(folder + "/x")
	}
	b.config += `watch:
  - {folder: in, pipeline: small, output: out, on_success: {move: originals}, on_quarantine: {move: held}}
`
	owner := staging.PrefixOf(b.path("state"))
	for _, folder := range []string{"in", "originals/2024", "held", "state/trash/1h0m0s"} {
		b.write(folder+"/"+owner.Name("half"), nil)
		b.write(folder+"/mine.tmp", nil)
	}
	b.reopen()
	for _, folder := range []string{"in", "originals", "held", "state/trash"} {
		if got := b.files(folder); len(got) != 1 {
			t.Errorf("left: %v", got)
		}
	}
}
