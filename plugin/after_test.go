package plugin_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin"
)

// moving is a job whose original is moved to the folder named.
func (b *bench) moving(path, folder string) plugin.Job {
	j := b.job(path)
	j.After.Move = folder
	return j
}

func (b *bench) run(j plugin.Job) plugin.Result {
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
			b := newBench(t, small, plugin.WithLedger())
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
	b := newBench(t, small, plugin.WithLedger())
	folder := filepath.Join(b.folder, "originals")
	a := b.photo("a.jpg", 20, 10, 1)
	original, _ := os.ReadFile(a)
	b.run(b.moving(a, folder))
	before, _ := os.ReadFile(b.path("out/a.png"))

	b.photo("a.jpg", 20, 10, 2)
	b.fails(a, plugin.Conflict, "already belongs to "+filepath.Join(folder, "a.jpg"))
	os.Remove(filepath.Join(folder, "a.jpg")) // even when the original is gone for good
	b.fails(a, plugin.Conflict, "already belongs to")

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
	b := newBench(t, small, plugin.WithLedger())
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
	b := newBench(t, small, plugin.WithLedger())
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
	}{{30 * time.Minute, 2}, {2 * time.Hour, 1}} {
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
	b := newBench(t, small, plugin.WithLedger())
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

// Tiles may replace a folder of tiles, never a folder that is somebody's.
func TestTilesReplaceNoForeignFolder(t *testing.T) {
	b := newBench(t, outputs(`{path: "{stem}", tiles: {}}`), plugin.WithLedger())
	b.write("out/holiday/original.jpg", []byte("the only one"))
	j := b.job(b.photo("holiday.jpg", 20, 10, 1))
	j.Overwrite = true
	if _, err := b.engine.Process(t.Context(), j); err == nil {
		t.Error("a folder that Burnish did not make was replaced")
	}
	if _, err := os.Stat(b.path("out/holiday/original.jpg")); err != nil {
		t.Error(err)
	}
}
