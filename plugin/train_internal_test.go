package plugin

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/beneath"
)

// The film of a Live Photo may still be on its way when its photo is done.
func TestWhatIsWrittenStays(t *testing.T) {
	from, to, file := folders(t)
	if err := copied(t, mover{owner: "test", unsettled: true}, file, to); err == nil || !there(file) {
		t.Errorf("it was moved: %v", err)
	}
	time.Sleep(lately)
	if err := copied(t, mover{owner: "test", unsettled: true}, file, to); err != nil || there(file) {
		t.Errorf("it stays in %s: %v", from, err)
	}
}

// Where the photo cannot be moved, its sidecars come back.
func TestSidecarsComeBack(t *testing.T) {
	from, to, file := folders(t)
	for _, name := range []string{"a.xmp", "a.jpg.xmp"} {
		if err := os.WriteFile(filepath.Join(from, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	f := opened(t, file)
	folder, err := beneath.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	target, err := beneath.Open(to)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	tr, err := mover{owner: "test", sidecars: true}.train(folder, "a.jpg")
	if err != nil {
		t.Fatal(err)
	}
	gone := tr.move(target, "a-2.jpg")
	if len(gone) != 2 || !there(filepath.Join(to, "a-2.jpg.xmp")) {
		t.Fatalf("moved %v", gone)
	}
	if err := tr.putBack(target, gone); err != nil || !there(filepath.Join(from, "a.xmp")) || !there(filepath.Join(from, "a.jpg.xmp")) {
		t.Errorf("not put back: %v", err)
	}
	// The same through a move that fails: the file is another by then.
	if err := os.Rename(file, file+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("another"), 0o644); err != nil {
		t.Fatal(err)
	}
	if place, err := (mover{owner: "test", sidecars: true}).relocate(f, to, "a.jpg"); place != "" || err == nil {
		t.Errorf("moved to %s", place)
	}
	for _, name := range []string{"a.jpg", "a.xmp", "a.jpg.xmp"} {
		if !there(filepath.Join(from, name)) {
			t.Errorf("%s is not there", name)
		}
	}
}
