package staging

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/burnish-photo/burnish/plugin/beneath"
	"golang.org/x/sys/unix"
)

// What comes under an output's name once it was looked at, such as a photo that a
// camera writes or another Burnish's output, is never replaced; nor is a file
// that was written to since.
func TestPublishReplacesNothingButWhatItSaw(t *testing.T) {
	write := func(t *testing.T, path, text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	anew := func(t *testing.T, path string) {
		write(t, path+".new", "other")
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name, before string
		meanwhile    func(*testing.T, string)
		taken        bool
		want         string
	}{
		{"nothing there", "", nil, false, "ours"},
		{"a file came", "", anew, true, "other"},
		{"a file stays", "earlier", nil, false, "ours"},
		{"another took its place", "earlier", anew, true, "other"},
		{"it was written to", "earlier", func(t *testing.T, path string) { write(t, path, "edited anew") }, true, "edited anew"},
		{"it went", "earlier", func(_ *testing.T, path string) { os.Remove(path) }, false, "ours"},
		{"a link to another came", "", func(t *testing.T, path string) {
			write(t, path+".aim", "aim")
			if err := os.Symlink(path+".aim", path); err != nil {
				t.Fatal(err)
			}
		}, true, "aim"},
	} {
		for _, exchanged := range []bool{true, false} {
			dir := t.TempDir()
			path := filepath.Join(dir, "photo.jpg")
			s, err := Stateless.New(dir, path)
			if err != nil {
				t.Fatal(err)
			}
			write(t, s.temporary, "ours")
			if tt.before != "" {
				write(t, path, tt.before)
			}
			if _, _, err := s.There(); err != nil && !errors.Is(err, fs.ErrNotExist) {
				t.Fatal(err)
			}
			if tt.meanwhile != nil {
				tt.meanwhile(t, path)
			}
			if exchanged {
				_, err = s.Publish()
			} else if err = s.renameOver("photo.jpg"); s.replaces == nil {
				continue
			}
			if _, gone := os.Lstat(path); errors.Is(gone, fs.ErrNotExist) {
				continue // nothing to replace: told as taken, or not
			}
			if errors.Is(err, ErrTaken) != tt.taken || err != nil && !tt.taken {
				t.Errorf("%s: %v", tt.name, err)
			}
			if got, _ := os.ReadFile(path); string(got) != tt.want {
				t.Errorf("%s, exchanged %t: %q is there, want %q", tt.name, exchanged, got, tt.want)
			}
			s.Discard()
			if left, _ := filepath.Glob(filepath.Join(dir, ".burnish-*")); len(left) > 0 {
				t.Errorf("%s: left %v", tt.name, left)
			}
		}
	}
}

// A photo is known by its descriptor alone: neither its rights nor those of a
// folder of tiles are what /proc grants.
func TestRightsOfAPhotoThatIsKnownByItsDescriptor(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	path, out := filepath.Join(dir, "photo.jpg"), filepath.Join(dir, "out")
	for mode, want := range map[fs.FileMode]fs.FileMode{0o644: 0o755, 0o600: 0o700, 0o640: 0o750} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		photo, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Stateless.NewFolder(out, filepath.Join(out, "tiles"), beneath.Handle(photo))
		if err != nil {
			t.Fatal(err)
		}
		if got := modeOf(t, s.temporary); got != want&^umask() {
			t.Errorf("a folder of tiles of a photo of %o: %o, want %o", mode, got, want&^umask())
		}
		s.Discard()
		photo.Close()
	}
}

// Who swaps a photo for a file without an access list does not let the group of
// the list's mask read the output.
func TestAnAccessListIsThatOfTheOpenedPhoto(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "photo.jpg")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	list := "\x02\x00\x00\x00" + // user::rw-, user:65534:r--, group::---, mask::r--, other::---
		"\x01\x00\x06\x00\xff\xff\xff\xff" + "\x02\x00\x04\x00\xfe\xff\x00\x00" +
		"\x04\x00\x00\x00\xff\xff\xff\xff" + "\x10\x00\x04\x00\xff\xff\xff\xff" + "\x20\x00\x00\x00\xff\xff\xff\xff"
	if err := unix.Setxattr(path, "system.posix_acl_access", []byte(list), 0); errors.Is(err, unix.ENOTSUP) {
		t.Skip("no access lists here")
	} else if err != nil {
		t.Fatal(err)
	}
	photo, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer photo.Close()
	info, err := photo.Stat()
	if err != nil || info.Mode().Perm() != 0o640 {
		t.Fatalf("%v, %v", info, err)
	}
	for _, gone := range []bool{false, true} {
		if gone {
			if err := os.Rename(path, path+".aside"); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s, err := Stateless.New(dir, filepath.Join(dir, "out.jpg"))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Preserve(nil, beneath.Handle(photo), info); err != nil {
			t.Fatal(err)
		}
		if mode := modeOf(t, s.temporary); mode != 0o600 {
			t.Errorf("swapped %t: %o, want 600", gone, mode)
		}
		s.Discard()
	}
}
