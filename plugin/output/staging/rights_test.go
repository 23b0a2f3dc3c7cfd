package staging

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// An output is never readable by more people than its photo, whatever else the
// photo's folders and the groups are.
func TestAnOutputIsNeverReadableByMorePeopleThanItsPhoto(t *testing.T) {
	const own = -1
	for _, tt := range []struct {
		name   string
		mode   fs.FileMode
		group  int // root alone can give another
		folder fs.FileMode
		keep   []string
		want   fs.FileMode
	}{
		{"of all", 0o644, own, 0o755, nil, 0o644},
		{"of a user", 0o600, own, 0o755, nil, 0o600},
		{"of a group", 0o640, own, 0o755, nil, 0o640},
		{"of another group, which root keeps", 0o640, 4, 0o755, nil, 0o640},
		{"of all but a group", 0o604, own, 0o755, nil, 0o604},
		{"in a folder of a user", 0o644, own, 0o700, nil, 0o600},
		{"in a folder of a group", 0o644, own, 0o750, nil, 0o640},
		{"in a folder of another group", 0o644, 4, 0o750, nil, 0o600},
		{"its mode kept", 0o640, own, 0o755, []string{Mode}, 0o640},
		{"a mode for all, kept", 0o666, own, 0o755, []string{Mode}, 0o666},
		{"its mode kept, in a folder of a user", 0o644, own, 0o700, []string{Mode}, 0o600},
	} {
		if tt.group != own && os.Getuid() != 0 {
			continue
		}
		dir := t.TempDir()
		folder := filepath.Join(dir, "in")
		photo, out := filepath.Join(folder, "photo.jpg"), filepath.Join(dir, "out", "photo.jpg")
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(photo, nil, tt.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(photo, -1, tt.group); tt.group != own && err != nil {
			t.Fatal(err)
		}
		for path, mode := range map[string]fs.FileMode{photo: tt.mode, folder: tt.folder} {
			if err := os.Chmod(path, mode); err != nil {
				t.Fatal(err)
			}
		}
		info, err := os.Stat(photo)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Stateless.New(filepath.Dir(out), out)
		if err != nil {
			t.Fatal(err)
		}
		if mode := modeOf(t, s.temporary); mode != 0o600 {
			t.Errorf("%s: before it is published the file has the mode %o", tt.name, mode)
		}
		if err := s.Preserve(tt.keep, photo, info); err != nil {
			t.Fatal(err)
		}
		if mode := modeOf(t, s.temporary); mode != tt.want {
			t.Errorf("%s: %o, want %o", tt.name, mode, tt.want)
		}
		s.Discard()
	}
}

// What was published before with more rights is not left as it is.
func TestAnEqualOutputWithMoreRightsIsReplaced(t *testing.T) {
	dir := t.TempDir()
	out := filepath.Join(dir, "photo.jpg")
	for mode, want := range map[fs.FileMode]bool{0o644: false, 0o600: true, 0o400: true} {
		s, err := Stateless.New(filepath.Dir(out), out)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SyncAndDigest(); err != nil {
			t.Fatal(err)
		}
		os.Remove(out)
		if err := os.WriteFile(out, nil, mode); err != nil {
			t.Fatal(err)
		}
		if same, err := s.Keep(); same != want || err != nil {
			t.Errorf("over %o: %t, %v", mode, same, err)
		}
		s.Discard()
	}
}

func modeOf(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}
