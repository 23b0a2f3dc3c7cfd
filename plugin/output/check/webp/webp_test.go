package webp

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/ops/vips/vipstest"
)

func TestMain(m *testing.M) { vipstest.Main(m) }

// encoded is a file of w×h pixels of three or four bands.
func encoded(t *testing.T, w, h, bands int, args vips.Args) string {
	t.Helper()
	pixels := make([]byte, w*h*bands)
	for i := range pixels {
		pixels[i] = byte(i/bands%w*3 + i/bands/w*5 + i%bands*60)
	}
	img, err := vips.FromMemory(pixels, w, h, bands, "uchar")
	if err != nil {
		t.Fatal(err)
	}
	defer img.Close()
	path := filepath.Join(t.TempDir(), "picture.webp")
	if err := img.Save("webpsave", path, args); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRead requires the pixels that libvips makes.
func TestRead(t *testing.T) {
	for _, test := range []struct {
		w, h, bands int
		args        vips.Args
	}{{120, 80, 3, vips.Args{"Q": 80}}, {33, 71, 3, vips.Args{"lossless": true}}, {64, 48, 4, vips.Args{"Q": 50}}, {1, 1, 3, nil}, {40, 30, 4, vips.Args{"lossless": true}}} {
		path := encoded(t, test.w, test.h, test.bands, test.args)
		p, err := Read(path, 1<<20)
		if err != nil {
			t.Errorf("%+v: %v", test, err)
			continue
		}
		img, err := vips.Open(path, vips.Sequential)
		if err != nil {
			t.Fatal(err)
		}
		want, err := img.Pixels()
		if err != nil {
			t.Fatal(err)
		}
		if p.Width != img.Width() || p.Height != img.Height() || p.Bands != img.Bands() || !bytes.Equal(p.Pixels, want) {
			t.Errorf("%+v: %d×%d of %d bands are other pixels than libvips makes", test, p.Width, p.Height, p.Bands)
		}
		img.Close()
	}
}

func TestNothingMissingPasses(t *testing.T) {
	for _, args := range []vips.Args{{"Q": 80}, {"lossless": true}} {
		path := encoded(t, 90, 60, 3, args)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for n := 0; n < len(whole)-2; n += 7 { // the last byte may be padding
			if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Read(path, 1<<20); err == nil {
				t.Fatalf("%v: %d bytes of %d pass", args, n, len(whole))
			}
		}
	}
}

func TestOthersAreTold(t *testing.T) {
	if _, err := Read(encoded(t, 40, 80, 3, vips.Args{"page_height": 40}), 1<<20); !errors.Is(err, ErrOther) {
		t.Errorf("an animation: %v", err)
	}
	large := encoded(t, 100, 100, 3, nil)
	if _, err := Read(large, 100*100*3-1); !errors.Is(err, ErrOther) {
		t.Errorf("a picture too large: %v", err)
	}
	if _, err := Read(large, 100*100*3); err != nil {
		t.Errorf("one that fits: %v", err)
	}
	if err := os.WriteFile(large, []byte("RIFF of something else"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(large, 1<<20); err == nil || errors.Is(err, ErrOther) {
		t.Errorf("no WebP: %v", err)
	}
	if _, err := Read(filepath.Join(t.TempDir(), "none.webp"), 1<<20); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}
