package source

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/plugin/beneath"
)

// photo makes a watched folder with a photo, d/a.jpg, and opens it.
func photo(t *testing.T) (root, path string, f *File) {
	t.Helper()
	root = filepath.Join(t.TempDir(), "watched")
	path = filepath.Join(root, "d", "a.jpg")
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte("\xff\xd8\xffa photo"), 0o644))
	f, err := Open(root, path, beneath.None)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return root, path, f
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// What was opened stays what is read, whatever takes its place.
func TestTheFileThatWasOpened(t *testing.T) {
	_, path, f := photo(t)
	before, err := f.Digest()
	must(t, err)
	must(t, os.Remove(path))
	must(t, os.WriteFile(path, []byte("another"), 0o644))
	if format, err := f.Format(); format != "jpeg" || err != nil {
		t.Errorf("%q, %v", format, err)
	}
	if after, err := f.Digest(); after != before || err != nil {
		t.Errorf("the digest is %s, %v", after, err)
	}
	if data, err := os.ReadFile(f.Handle()); string(data) != "\xff\xd8\xffa photo" || err != nil {
		t.Errorf("%q, %v", data, err)
	}
	if head := f.Head(3); string(head) != "\xff\xd8\xff" {
		t.Errorf("%q", head)
	}
}

func TestUnchanged(t *testing.T) {
	for name, c := range map[string]struct {
		change func(root, path string) error
		want   error
	}{
		"nothing": {func(string, string) error { return nil }, nil},
		"rights":  {func(_, path string) error { return os.Chmod(path, 0o600) }, nil},
		"another hard link": {func(root, path string) error {
			return os.Link(path, filepath.Join(root, "b.jpg"))
		}, nil},
		"rewritten": {func(_, path string) error { return os.WriteFile(path, []byte("longer than it was"), 0o644) }, ErrChanged},
		"rewritten with its date kept": {func(_, path string) error {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			return errors.Join(os.WriteFile(path, []byte("\xff\xd8\xffA PHOTO"), 0o644), os.Chtimes(path, info.ModTime(), info.ModTime()))
		}, ErrChanged},
		"replaced": {func(root, path string) error {
			other := filepath.Join(root, "new")
			return errors.Join(os.WriteFile(other, []byte("\xff\xd8\xffa photo"), 0o644), os.Rename(other, path))
		}, ErrChanged},
		"gone": {func(_, path string) error { return os.Remove(path) }, fs.ErrNotExist},
		"swapped for a link": {func(root, path string) error {
			return errors.Join(os.Rename(path, filepath.Join(root, "b.jpg")), os.Symlink("../b.jpg", path))
		}, beneath.ErrLink},
		"its folder swapped for a link": {func(root, path string) error {
			return errors.Join(os.Rename(filepath.Dir(path), filepath.Join(root, "e")), os.Symlink("e", filepath.Dir(path)))
		}, beneath.ErrLink},
	} {
		t.Run(name, func(t *testing.T) {
			root, path, f := photo(t)
			content, err := f.Digest()
			must(t, err)
			must(t, c.change(root, path))
			if err := f.Unchanged(content); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			folder, _, err := f.Place()
			if inPlace := c.want == nil || strings.HasPrefix(name, "rewritten"); (err == nil) != inPlace {
				t.Errorf("its place: %v", err)
			}
			if err == nil {
				must(t, folder.Close())
			}
		})
	}
}

// What is no file, or does not lie below the root, is not opened.
func TestOnlyFilesAreOpened(t *testing.T) {
	root, path, _ := photo(t)
	if _, err := Open(root, filepath.Dir(path), beneath.None); !errors.Is(err, beneath.ErrNotRegular) {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Open(root, filepath.Join(root, "..", "x"), beneath.Any); !errors.Is(err, beneath.ErrOutside) {
		t.Errorf("outside: %v", err)
	}
}
