package lru_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/lru"
)

// folder has files of 4096 bytes below it, used one minute after the other.
func folder(t *testing.T, names ...string) string {
	t.Helper()
	top := t.TempDir()
	for i, name := range names {
		path := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, make([]byte, 100), 0o644); err != nil {
			t.Fatal(err)
		}
		used := time.Now().Add(time.Duration(i-100) * time.Minute)
		if err := os.Chtimes(path, used, used); err != nil {
			t.Fatal(err)
		}
	}
	return top
}

func every(string, fs.FileInfo) bool { return true }

func names(files []lru.File) string {
	var all []string
	for _, f := range files {
		all = append(all, filepath.Base(f.Path))
	}
	return strings.Join(all, " ")
}

func TestTheLongestUnusedGoesFirst(t *testing.T) {
	top := folder(t, "z/b", "a", "y/c", "d", "not")
	files, err := lru.Files(top, func(name string, _ fs.FileInfo) bool { return name != "not" })
	if err != nil || len(files) != 4 || lru.Sum(files) != 4*4096 {
		t.Fatalf("%v, %v", files, err)
	}
	removed, left, err := lru.Evict(files, func(bytes int64) bool { return bytes <= 2*4096 })
	if err != nil || names(removed) != "b a" || names(left) != "c d" {
		t.Errorf("removed %s, left %s, %v", names(removed), names(left), err)
	}
	if _, err := os.Stat(filepath.Join(top, "not")); err != nil {
		t.Error(err)
	}
}

func TestNoFolderHasNoFiles(t *testing.T) {
	if files, err := lru.Files(filepath.Join(t.TempDir(), "none"), every); len(files) > 0 || err != nil {
		t.Errorf("%v, %v", files, err)
	}
}

// A folder that cannot be read, or a file that cannot be removed, keeps nothing else
// from going.
func TestWhatCannotBeReachedIsLeft(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root may read and remove everything")
	}
	top := folder(t, "closed/a", "fixed/b", "c", "d")
	for name, mode := range map[string]os.FileMode{"closed": 0o000, "fixed": 0o555} {
		path := filepath.Join(top, name)
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.Chmod(path, 0o755) })
	}
	files, err := lru.Files(top, every)
	if err == nil || len(files) != 3 {
		t.Fatalf("%s, %v", names(files), err)
	}
	removed, left, err := lru.Evict(files, func(bytes int64) bool { return bytes <= 4096 })
	if err == nil || names(removed) != "c d" || names(left) != "b" {
		t.Errorf("removed %s, left %s, %v", names(removed), names(left), err)
	}
}
