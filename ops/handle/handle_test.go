package handle_test

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/burnish-photo/burnish/ops/handle"
)

func TestFileIsReadThroughItsDescriptor(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	if err := os.WriteFile(path, []byte("first"), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	name := handle.Of(f)
	if err := os.Rename(path, path+".moved"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	var open []*handle.File
	for range 2 {
		h, err := handle.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, h)
	}
	if err := os.Remove(path + ".moved"); err != nil { // what is opened anew would not be found by its name
		t.Fatal(err)
	}
	for _, h := range open {
		text, err := io.ReadAll(h)
		if err != nil || string(text) != "first" || h.Size() != 5 {
			t.Errorf("read %q of %d bytes, %v", text, h.Size(), err)
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	}
	if text, err := io.ReadAll(f); err != nil || string(text) != "first" {
		t.Errorf("the opener then reads %q, %v", text, err)
	}
}
