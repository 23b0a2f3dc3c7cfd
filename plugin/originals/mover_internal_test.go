package originals

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/plugin/mounts"
	"github.com/burnish-photo/burnish/plugin/source"
	"golang.org/x/sys/unix"
)

// nobody is a user who owns nothing here.
const nobody = 65534

// asNobody runs f without root's power over files, where the test has it.
func asNobody(f func()) {
	if os.Getuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread() // to the end of the test, where a fault in f leaves it
	before, _ := unix.SetfsuidRetUid(nobody)
	defer runtime.UnlockOSThread()
	defer unix.SetfsuidRetUid(before)
	f()
}

// folders makes two that everybody may write to and a file in the first.
func folders(t *testing.T) (from, to, file string) {
	root := t.TempDir()
	from, to = filepath.Join(root, "from"), filepath.Join(root, "to")
	for _, name := range []string{filepath.Dir(root), root, from, to} {
		if err := errors.Join(os.MkdirAll(name, 0o777), os.Chmod(name, 0o777)); err != nil {
			t.Fatal(err)
		}
	}
	file = filepath.Join(from, "a.jpg")
	if err := os.WriteFile(file, []byte("a photo"), 0o644); err != nil {
		t.Fatal(err)
	}
	return from, to, file
}

// opened is the file that path leads to.
func opened(t *testing.T, path string) *source.File {
	t.Helper()
	f, err := source.Open(filepath.Dir(path), path, beneath.Any)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// copied copies a file away as to another file system.
func copied(t *testing.T, m Mover, file, to string) error {
	t.Helper()
	f := opened(t, file)
	from, name, err := f.Place()
	if err != nil {
		return err
	}
	defer from.Close()
	folder, err := beneath.Open(to)
	if err != nil {
		return err
	}
	defer folder.Close()
	return m.copyAway(f, from, name, folder, name)
}

func TestACopyDoesNotStayBesideItsOriginal(t *testing.T) {
	for name, mode := range map[string]os.FileMode{"read only": 0o555, "sticky": 0o777 | os.ModeSticky} {
		t.Run(name, func(t *testing.T) {
			if os.Getuid() != 0 && mode&os.ModeSticky != 0 {
				t.Skip("only root can make a file of somebody else's")
			}
			from, to, file := folders(t)
			if err := os.Chmod(from, mode); err != nil {
				t.Fatal(err)
			}
			defer os.Chmod(from, 0o777)
			var err error
			asNobody(func() { err = copied(t, Mover{Owner: "test"}, file, to) })
			if !errors.Is(err, os.ErrPermission) {
				t.Errorf("got %v", err)
			}
			if left, _ := os.ReadDir(to); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			if !mounts.MayExist(file) {
				t.Error("the original is moved")
			}
		})
	}
}

func TestRelocate(t *testing.T) {
	_, to, file := folders(t)
	want := filepath.Join(to, "a-3.jpg")
	for _, name := range []string{"a.jpg", "a-2.jpg"} {
		if err := os.WriteFile(filepath.Join(to, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	var told []string
	m := Mover{Owner: "test", Before: func(p Plan) error {
		if !mounts.MayExist(file) {
			t.Error("it was moved before")
		}
		told = append(told, p.Path)
		return nil
	}}
	place, err := m.Relocate(opened(t, file), to, "a.jpg")
	if err != nil || place != want || !slices.Equal(told, []string{want}) {
		t.Errorf("moved to %q, told of %v, %v", place, told, err)
	}

	link := filepath.Join(filepath.Dir(file), "link.jpg")
	if err := os.Symlink("../to/a-3.jpg", link); err != nil {
		t.Fatal(err)
	}
	if place, err := m.Relocate(opened(t, link), to, "link.jpg"); place != "" || err == nil || !mounts.MayExist(link) {
		t.Errorf("a link was moved to %q, %v", place, err)
	}
}

func TestWhatIsWrittenToIsNotCopiedAway(t *testing.T) {
	_, to, file := folders(t)
	if err := copied(t, Mover{Owner: "test", QuietFor: time.Hour}, file, to); err == nil || !mounts.MayExist(file) {
		t.Errorf("got %v", err)
	}
	if err := copied(t, Mover{Owner: "test"}, file, to); err != nil || mounts.MayExist(file) {
		t.Errorf("got %v", err)
	}
}

// A folder that may not be listed may not be synced either.
func TestAMoveThatCannotBeSyncedIsAMove(t *testing.T) {
	from, to, file := folders(t)
	if err := os.Chmod(from, 0o333); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(from, 0o777)
	want := filepath.Join(to, "a.jpg")
	var place string
	var err error
	f := opened(t, file)
	asNobody(func() { place, err = Mover{Owner: "test"}.Relocate(f, to, "a.jpg") })
	if place != want || !errors.Is(err, os.ErrPermission) || mounts.MayExist(file) {
		t.Errorf("moved to %q, %v", place, err)
	}
}

// Another file that has come by the name of the one to be moved stays, under that
// name.
func TestOnlyTheFileThatWasOpenedIsMoved(t *testing.T) {
	from, to, file := folders(t)
	f := opened(t, file)
	source, err := beneath.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	target, err := beneath.Open(to)
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	foreign := filepath.Join(from, "new")
	if err := errors.Join(os.WriteFile(foreign, []byte("foreign"), 0o644), os.Rename(foreign, file)); err != nil {
		t.Fatal(err)
	}
	m := Mover{Owner: "test"}
	for name, err := range map[string]error{
		"moved":   moveExactly(f, source, "a.jpg", target, "a.jpg"),
		"removed": m.removeExactly(f, source, "a.jpg"),
	} {
		if err == nil {
			t.Errorf("it was %s", name)
		}
	}
	if _, err := m.Relocate(f, to, "a.jpg"); err == nil {
		t.Error("it was relocated")
	}
	if data, err := os.ReadFile(file); string(data) != "foreign" {
		t.Errorf("%q, %v", data, err)
	}
	if left, _ := os.ReadDir(to); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}
