package originals

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// doublecmd#1670: tags and stars go to another file system with their photo.
func TestCopyAttributes(t *testing.T) {
	open := func(folder, name string) *os.File {
		f, err := os.Create(filepath.Join(folder, name))
		if err != nil {
			t.Skip(err)
		}
		t.Cleanup(func() { f.Close(); os.Remove(f.Name()) })
		return f
	}
	folder := t.TempDir()
	from, to := open(folder, "from"), open(folder, "to")
	if err := unix.Fsetxattr(int(from.Fd()), "user.xdg.tags", []byte("holiday,sea"), 0); err != nil {
		t.Skipf("no extended attributes here: %v", err)
	}
	if lost := copyAttributes(from, to); len(lost) > 0 {
		t.Errorf("lost %q", lost)
	}
	value := make([]byte, 100)
	if n, err := unix.Fgetxattr(int(to.Fd()), "user.xdg.tags", value); err != nil || string(value[:n]) != "holiday,sea" {
		t.Errorf("%q, %v", value[:n], err)
	}
	closed := open(folder, "closed")
	closed.Close()
	if lost := copyAttributes(from, closed); !slices.Equal(lost, []string{"user.xdg.tags"}) {
		t.Errorf("to a file that takes none: %q", lost)
	}
}
