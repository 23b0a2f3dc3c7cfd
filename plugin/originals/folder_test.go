package originals_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/originals"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// tiles makes a folder of tiles of long ago, which others may read.
func tiles(t *testing.T, folder string) (hash string) {
	t.Helper()
	old := time.Date(2020, 1, 2, 3, 4, 5, 6000, time.UTC)
	for _, name := range []string{"a/0/0_0.jpg", "a/1/0_0.jpg"} {
		path := filepath.Join(folder, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(name), 0o644), os.Chtimes(path, old, old)); err != nil {
			t.Fatal(err)
		}
	}
	hash, err := staging.Digest(filepath.Join(folder, "a"))
	if err = errors.Join(err, os.Chmod(filepath.Join(folder, "a"), 0o755), os.Chtimes(filepath.Join(folder, "a"), old, old)); err != nil {
		t.Fatal(err)
	}
	return hash
}

// asBefore compares a tile and its folder with what tiles made.
func asBefore(t *testing.T, folder, hash string) {
	t.Helper()
	if got, err := staging.Digest(folder); got != hash {
		t.Errorf("%s holds others: %v", folder, err)
		return
	}
	for path, mode := range map[string]fs.FileMode{folder: 0o755, filepath.Join(folder, "1/0_0.jpg"): 0o644} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != mode || info.ModTime().Year() != 2020 {
			t.Errorf("%s: %v, %v", path, info, err)
		}
	}
}

// A folder goes to another file system and back as it is, and a copy that was made and
// whose other one was not removed is brought to its end.
func TestFoldersGoToOtherFileSystems(t *testing.T) {
	other, err := os.MkdirTemp("/dev/shm", "burnish-")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { os.RemoveAll(other) })
	here := t.TempDir()
	hash := tiles(t, here)
	m := originals.Mover{Owner: staging.PrefixOf(here)}
	way := originals.Way{From: filepath.Join(here, "a"), FromTop: here, To: filepath.Join(other, "sub/a"), ToTop: other, Hash: hash, Folder: true}
	if err := m.Keep(way); err != nil {
		t.Fatal(err)
	}
	asBefore(t, way.To, hash)
	asBefore(t, way.From, hash)
	if _, err := m.Carry(way); !errors.Is(err, fs.ErrExist) {
		t.Errorf("carried over what is there: %v", err)
	}
	if err := m.Clear(way); err != nil {
		t.Fatal(err)
	}
	asBefore(t, way.To, hash)
	way.From, way.FromTop, way.To, way.ToTop = way.To, way.ToTop, way.From, way.FromTop
	if _, err := m.Carry(way); err != nil {
		t.Fatal(err)
	}
	asBefore(t, way.To, hash)
	for _, folder := range []string{here, filepath.Join(other, "sub")} {
		left, _ := os.ReadDir(folder)
		if len(left) > 1 || len(left) == 1 && left[0].Name() != "a" {
			t.Errorf("left in %s: %v", folder, left)
		}
	}
	if err := m.Clear(way); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("cleared nothing: %v", err)
	}
	asBefore(t, way.To, hash)
}

// The trash keeps a folder from when it came there, however old its tiles are.
func TestTheTrashKeepsOldTiles(t *testing.T) {
	state := t.TempDir()
	hash := tiles(t, state)
	time.Sleep(20 * time.Millisecond)
	came := time.Now()
	trash := originals.TrashFor(state, time.Hour)
	to := filepath.Join(trash, "undo-x/a")
	if _, err := (originals.Mover{}).Carry(originals.Way{From: filepath.Join(state, "a"), FromTop: state, To: to, ToTop: trash, Hash: hash, Folder: true}); err != nil {
		t.Fatal(err)
	}
	if err := originals.EmptyTrash(state, came.Add(time.Hour-10*time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	asBefore(t, to, hash)
}
