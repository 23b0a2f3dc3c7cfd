package undo

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/journal"
	"golang.org/x/sys/unix"
)

// The trash and the archive may lie on other file systems: what is there is what
// was there, with its time and mode.
func TestOtherFileSystems(t *testing.T) {
	other, err := os.MkdirTemp("/dev/shm", "burnish-test-")
	if err != nil {
		t.Skip(err)
	}
	defer os.RemoveAll(other)
	l := newLibrary(t)
	l.undo.StateDir = filepath.Join(other, "state")
	l.check(os.Remove(l.at("done")))
	l.check(os.Mkdir(filepath.Join(other, "done"), 0o755))
	l.check(os.Symlink(filepath.Join(other, "done"), l.at("done")))
	l.photo("a.jpg")
	before := l.tree()
	l.publish("a.jpg", "a.png")
	e := l.entry(journal.Archived, "a.jpg")
	info, err := os.Stat(l.at("in/a.jpg"))
	l.check(err)
	to := filepath.Join(other, "done/a.jpg")
	l.check(os.WriteFile(to, []byte("photo a.jpg"), info.Mode()))
	l.check(os.Chtimes(to, taken, taken))
	l.check(os.Remove(l.at("in/a.jpg")))
	e.Files = []journal.File{{From: l.at("in/a.jpg"), FromTop: len(l.at("in")), To: to, ToTop: len(filepath.Join(other, "done")), Hash: e.Content}}
	l.apply(changeOf(e))
	time.Sleep(10 * time.Millisecond)
	if got := l.refused(Request{}); got != "" {
		t.Fatal(got)
	}
	l.same(before)
	if got := l.refused(Request{Redo: true}); got != "" {
		t.Fatal(got)
	}
	if now, err := os.Stat(l.at("out/a.png")); err != nil || !now.ModTime().Equal(taken) || now.Mode().Perm() != 0o640 {
		t.Errorf("%v, %v", now, err)
	}
	l.all(Request{})
	l.same(before)
}

// Where the trash has no space, everything stays where it was.
func TestAFullDisk(t *testing.T) {
	small := t.TempDir()
	if err := unix.Mount("tmpfs", small, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("no file system can be mounted: %v", err)
	}
	defer unix.Unmount(small, unix.MNT_DETACH)
	l := newLibrary(t)
	l.undo.StateDir = filepath.Join(small, "state")
	l.photo("a.jpg")
	e := l.publish("a.jpg", "a.png")
	large := strings.Repeat("pixels ", 20_000)
	l.write("out/a.png", large)
	e.Files[0].Hash, e.Files[0].Size = hashOf(large), int64(len(large))
	l.apply(changeOf(e))
	l.archive("a.jpg")
	before := l.tree()
	photos := l.all(Request{})
	if len(photos) != 1 || !strings.Contains(photos[0].Problem, "no space") || !strings.Contains(photos[0].Hint, "free space on the file system of "+small) {
		t.Errorf("%+v", photos)
	}
	l.same(before)
	if of, _ := l.store.Of(l.at("done/a.jpg")); len(of) != 1 || of[0].MovedTo == "" {
		t.Errorf("its records are %+v", of)
	}
}

// A disk that is not mounted is not filled below its mount point.
func TestAnUnmountedPlace(t *testing.T) {
	l := newLibrary(t)
	disk := l.at("in")
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("no file system can be mounted: %v", err)
	}
	mounted := true
	defer func() {
		if mounted {
			unix.Unmount(disk, unix.MNT_DETACH)
		}
	}()
	l.photo("a.jpg")
	l.write("in/b.jpg", "photo b.jpg")
	l.publish("a.jpg", "a.png")
	e := l.entry(journal.Archived, "a.jpg")
	l.write("done/a.jpg", "photo a.jpg")
	l.check(os.Remove(l.at("in/a.jpg")))
	e.Files = []journal.File{{From: l.at("in/a.jpg"), FromTop: len(l.at("in")), To: l.at("done/a.jpg"), ToTop: len(l.at("done")), Hash: e.Content}}
	l.apply(changeOf(e))
	if got := l.all(Request{Dry: true}); len(got) != 1 || got[0].Problem != "" { // which has seen the disk
		t.Fatalf("%+v", got)
	}
	l.check(unix.Unmount(disk, unix.MNT_DETACH))
	mounted = false
	if got := l.refused(Request{}); !strings.Contains(got, "lay on the disk mounted at") {
		t.Error(got)
	}
	if left, _ := os.ReadDir(disk); len(left) > 0 {
		t.Error("the original was put on the disk below")
	}
}

// Names that take turns with another user's links never lead an undo, or a redo,
// to what lies beyond them.
func TestSwappedFolders(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to make another user's link")
	}
	l := newLibrary(t)
	private := t.TempDir()
	secret := filepath.Join(private, "b.jpg.png")
	l.check(os.WriteFile(secret, []byte("output sea/b.jpg.png of sea/b.jpg"), 0o600))
	for _, part := range []string{"in", "out", "done"} {
		l.check(os.MkdirAll(l.at(part+"/sea"), 0o755))
		link := l.at(part + "/.sea")
		l.check(os.Symlink(private, link))
		l.check(os.Lchown(link, 12345, 12345))
	}
	var over atomic.Bool
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for !over.Load() {
			for _, part := range []string{"in", "out", "done"} {
				_ = unix.Renameat2(unix.AT_FDCWD, l.at(part+"/sea"), unix.AT_FDCWD, l.at(part+"/.sea"), unix.RENAME_EXCHANGE)
			}
		}
	}()
	begin := func() { // with the folders in their places
		over.Store(true)
		<-ended
		for _, part := range []string{"in", "out", "done"} {
			if info, err := os.Lstat(l.at(part + "/sea")); err == nil && !info.IsDir() {
				l.check(unix.Renameat2(unix.AT_FDCWD, l.at(part+"/sea"), unix.AT_FDCWD, l.at(part+"/.sea"), unix.RENAME_EXCHANGE))
			}
		}
	}
	begin()
	l.write("in/sea/b.jpg", "photo sea/b.jpg")
	l.publish("sea/b.jpg", "sea/b.jpg.png")
	l.archive("sea/b.jpg")
	over.Store(false)
	ended = make(chan struct{})
	go func() {
		defer close(ended)
		for !over.Load() {
			for _, part := range []string{"in", "out", "done"} {
				_ = unix.Renameat2(unix.AT_FDCWD, l.at(part+"/sea"), unix.AT_FDCWD, l.at(part+"/.sea"), unix.RENAME_EXCHANGE)
			}
		}
	}()
	for until := time.Now().Add(time.Second); time.Now().Before(until); {
		_, err := l.undo.Undo(t.Context(), Request{})
		_, err2 := l.undo.Undo(t.Context(), Request{Redo: true})
		if err := errors.Join(err, err2); err != nil {
			t.Log(err)
		}
	}
	begin()
	left, _ := os.ReadDir(private)
	if data, err := os.ReadFile(secret); err != nil || len(left) != 1 || len(data) == 0 {
		t.Errorf("beyond the link: %v, %v", left, err)
	}
	found := l.contents()
	if found["photo sea/b.jpg"] != 1 || found["output sea/b.jpg.png of sea/b.jpg"] != 1 {
		t.Errorf("there are %v", found)
	}
}

func changeOf(e journal.Entry) history.Change { return history.Change{Log: []journal.Entry{e}} }

// An undo that was cut off after a copy to another file system, and before what was
// copied was removed, is brought to its end.
func TestUndoCutOffBetweenCopyAndRemoval(t *testing.T) {
	l := newLibrary(t)
	l.photo("a.jpg")
	e := l.publish("a.jpg", "a.png")
	f := e.Files[0]
	trash := l.undo.trash("x")
	away := journal.File{From: f.To, FromTop: f.ToTop, To: filepath.Join(trash, f.To), ToTop: len(trash), Size: f.Size, Hash: f.Hash}
	text, err := os.ReadFile(f.To)
	l.check(err)
	l.check(os.MkdirAll(filepath.Dir(away.To), 0o755))
	l.check(os.WriteFile(away.To, text, 0o640))
	l.apply(history.Change{Log: []journal.Entry{{Act: journal.Undone, Time: time.Now(), Photo: e.Photo, Root: e.Root, Task: e.Task, Content: e.Content, Of: []uint64{e.ID}, Files: []journal.File{away}}}})
	l.check(l.undo.Resume(t.Context()))
	open, err := l.store.Entries(journal.Query{Unsettled: true})
	if _, there := os.Stat(f.To); err != nil || len(open) > 0 || there == nil {
		t.Errorf("%v, %v; the output is there: %t", open, err, there == nil)
	}
	if kept, err := os.ReadFile(away.To); string(kept) != string(text) {
		t.Errorf("%q, %v", kept, err)
	}
}
