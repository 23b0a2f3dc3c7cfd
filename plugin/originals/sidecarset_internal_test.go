package originals

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/plugin/mounts"
)

// The film of a Live Photo may still be on its way when its photo is done.
func TestWhatIsWrittenStays(t *testing.T) {
	from, to, file := folders(t)
	if err := copied(t, Mover{Owner: "test", unsettled: true}, file, to); err == nil || !mounts.MayExist(file) {
		t.Errorf("it was moved: %v", err)
	}
	time.Sleep(settled)
	if err := copied(t, Mover{Owner: "test", unsettled: true}, file, to); err != nil || mounts.MayExist(file) {
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
	set, err := Mover{Owner: "test", Sidecars: MoveAll}.sidecarsOf(folder, "a.jpg")
	if err != nil {
		t.Fatal(err)
	}
	moved := set.move(target, "a-2.jpg")
	if len(moved) != 2 || !mounts.MayExist(filepath.Join(to, "a-2.jpg.xmp")) {
		t.Fatalf("moved %v", moved)
	}
	if err := set.putBack(target, moved); err != nil || !mounts.MayExist(filepath.Join(from, "a.xmp")) || !mounts.MayExist(filepath.Join(from, "a.jpg.xmp")) {
		t.Errorf("not put back: %v", err)
	}
	// The same through a move that fails: the file is another by then.
	if err := os.Rename(file, file+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("another"), 0o644); err != nil {
		t.Fatal(err)
	}
	if place, err := (Mover{Owner: "test", Sidecars: MoveAll}).Relocate(f, to, "a.jpg"); place != "" || err == nil {
		t.Errorf("moved to %s", place)
	}
	for _, name := range []string{"a.jpg", "a.xmp", "a.jpg.xmp"} {
		if !mounts.MayExist(filepath.Join(from, name)) {
			t.Errorf("%s is not there", name)
		}
	}
}

// The film of a Live Photo may still be open though nothing was written to it for
// a while: what is written next would be lost with the original.
func TestWhatIsOpenForWritingStays(t *testing.T) {
	_, to, file := folders(t)
	if written, known := opened(t, file).IsBeingWritten(); written || !known {
		t.Skipf("this system does not tell who writes: %t, %t", written, known)
	}
	writer, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	time.Sleep(settled)
	err = copied(t, Mover{Owner: "test", unsettled: true}, file, to)
	if err == nil || !strings.Contains(err.Error(), "still open for writing") || !mounts.MayExist(file) {
		t.Errorf("it was moved: %v", err)
	}
	if left, _ := os.ReadDir(to); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	writer.Close()
	if err := copied(t, Mover{Owner: "test", unsettled: true}, file, to); err != nil || mounts.MayExist(file) {
		t.Errorf("it stays: %v", err)
	}
}
