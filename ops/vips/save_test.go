package vips

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSave(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 64, 48)
	args := Args{"Q": 95, "no-subsample": true}
	path := saved(t, image, "jpegsave", "strange [Q=1] name.png", args)
	if format := must[string](t)(Sniff(path)); format != "jpeg" {
		t.Errorf("saved as %q", format)
	}
	if len(args) != 2 {
		t.Errorf("the caller's arguments became %v", args)
	}
	low := saved(t, image, "jpegsave", "low.jpg", Args{"Q": 10})
	if fileSize(t, low) >= fileSize(t, path) {
		t.Error("Q has no effect, or the name has")
	}
}

func TestSaveRefuses(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 8, 8)
	dir := t.TempDir()
	tests := []struct {
		name, saver, path string
		args              Args
		want              string
	}{
		{"saver", "jpgsave", "a.jpg", nil, `did you mean "jpegsave"?`},
		{"not a saver", "invert", "a.jpg", nil, "invert: it is not a saver"},
		{"argument", "jpegsave", "a.jpg", Args{"quality": 90}, `no argument "quality"`},
		{"range", "jpegsave", "a.jpg", Args{"Q": 101}, "Q: 101 is more than the maximum, 100"},
		{"folder", "jpegsave", "absent/a.jpg", nil, "jpegsave " + filepath.Join(dir, "absent/a.jpg") + ": "},
	}
	for _, tt := range tests {
		err := image.Save(tt.saver, filepath.Join(dir, tt.path), tt.args)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q in it", tt.name, err, tt.want)
		}
	}
	empty(t, dir)
}

// A saver that fails, or is cancelled, keeps nothing of its input.
func TestFailedSaveLeaksNothing(t *testing.T) {
	bad := errors.New("bad")
	for format, saver := range savers() {
		for _, want := range []error{bad, context.Canceled} {
			t.Run(format+"/"+want.Error(), func(t *testing.T) {
				checkLeaks(t)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				lazy := stripsOn(t, photo(t, 64, 300), Strips{Height: 16, Func: func(in, out Rows) error {
					if out.Top == 160 && errors.Is(want, bad) {
						return bad
					}
					if out.Top == 160 {
						cancel()
					}
					return copyRows(in, out)
				}})
				path := filepath.Join(t.TempDir(), "out")
				if err := lazy.SaveContext(ctx, saver, path, encoders[format].probe); !errors.Is(err, want) {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

func TestSaverFor(t *testing.T) {
	checkLeaks(t)
	for _, format := range []string{"jpeg", "png"} {
		if saver, ok := SaverFor(format); !ok || saver != format+"save" {
			t.Errorf("%s: %q, %v", format, saver, ok)
		}
	}
	for _, format := range []string{"", "bmp", "jpegsave", "svg"} {
		if saver, ok := SaverFor(format); ok {
			t.Errorf("%q has saver %s", format, saver)
		}
	}
}

func fileSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func equalFiles(t *testing.T, a, b string) {
	t.Helper()
	one, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	two, err := os.ReadFile(b)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, two) {
		t.Errorf("%s and %s differ", filepath.Base(a), filepath.Base(b))
	}
}
