package vips

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestMaterialise(t *testing.T) {
	image := photo(t, 300, 200)
	for name, limit := range map[string]int64{"memory": image.Size(), "scratch": image.Size() - 1} {
		t.Run(name, func(t *testing.T) {
			checkLeaks(t)
			dir := t.TempDir()
			tagged := must[*Image](t)(image.WithBlob(FieldICC, []byte("a\x00profile")))
			defer tagged.Close()
			artist := must[*Image](t)(tagged.WithString("exif-ifd0-Artist", "Zoë \x01 <&>"))
			defer artist.Close()
			runs := 0
			lazy := stripsOn(t, artist, Strips{Height: 50, Func: func(in, out Rows) error {
				runs++
				return copyRows(in, out)
			}})
			out := must[*Image](t)(lazy.Materialise(t.Context(), limit, dir))
			defer out.Close()
			same(t, out, image)
			same(t, out, image)
			if runs != 4 {
				t.Errorf("%d strips made, want 4", runs)
			}
			if icc, _ := out.Blob(FieldICC); !bytes.Equal(icc, []byte("a\x00profile")) {
				t.Errorf("profile %q", icc)
			}
			if text, _ := out.String("exif-ifd0-Artist"); text != "Zoë \x01 <&>" {
				t.Errorf("artist %q", text)
			}
			if out.Interpretation() != "srgb" || out.Format() != "uchar" {
				t.Errorf("%s %s", out.Interpretation(), out.Format())
			}
			empty(t, dir)
		})
	}
}

// What was opened sequentially can be consumed many times once materialised.
func TestMaterialiseFansOut(t *testing.T) {
	checkLeaks(t)
	path := saved(t, photo(t, 200, 300), "jpegsave", "photo.jpg", nil)
	for _, limit := range []int64{math.MaxInt64, 0} {
		out := must[*Image](t)(opened(t, path, Sequential).Materialise(t.Context(), limit, t.TempDir()))
		for _, width := range []int{100, 50} {
			small := must[*Image](t)(out.Do("thumbnail_image", Args{"width": width}))
			must[[]byte](t)(small.Pixels())
			small.Close()
		}
		flipped := must[*Image](t)(out.Do("flip", Args{"direction": "vertical"}))
		must[[]byte](t)(flipped.Pixels())
		flipped.Close()
		out.Close()
	}
}

func TestMaterialiseNowhere(t *testing.T) {
	checkLeaks(t)
	_, err := photo(t, 8, 8).Materialise(t.Context(), 0, filepath.Join(t.TempDir(), "absent"))
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

// A context's end stops every consumer soon, with the context's error, and a
// random-access image is as good as before.
func TestCancel(t *testing.T) {
	consumers := map[string]func(context.Context, *testing.T, *Image) error{
		"memory": func(ctx context.Context, _ *testing.T, i *Image) error {
			return closed(i.Materialise(ctx, math.MaxInt64, ""))
		},
		"scratch": func(ctx context.Context, t *testing.T, i *Image) error {
			return closed(i.Materialise(ctx, 0, dirKeptEmpty(t)))
		},
		"jpeg": func(ctx context.Context, t *testing.T, i *Image) error {
			return i.SaveContext(ctx, "jpegsave", filepath.Join(t.TempDir(), "a.jpg"), nil)
		},
		"webp": func(ctx context.Context, t *testing.T, i *Image) error {
			return i.SaveContext(ctx, "webpsave", filepath.Join(t.TempDir(), "a.webp"), nil)
		},
	}
	for name, consume := range consumers {
		t.Run(name, func(t *testing.T) {
			checkLeaks(t)
			image := photo(t, 100, 2000)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			runs := 0
			slow := stripsOn(t, image, Strips{Height: 10, Func: func(in, out Rows) error {
				if runs++; runs == 5 {
					cancel()
				}
				time.Sleep(time.Millisecond)
				return copyRows(in, out)
			}})
			inverted := must[*Image](t)(slow.Do("invert", nil))
			defer inverted.Close()
			if err := consume(ctx, t, inverted); !errors.Is(err, context.Canceled) {
				t.Fatalf("got %v", err)
			}
			if runs > 150 {
				t.Errorf("%d of 200 strips made", runs)
			}
			if err := consume(ctx, t, inverted); !errors.Is(err, context.Canceled) {
				t.Errorf("with a context over from the start: %v", err)
			}
			if err := consume(t.Context(), t, inverted); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

func TestDeadline(t *testing.T) {
	checkLeaks(t)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	slow := stripsOn(t, photo(t, 100, 1000), Strips{Height: 10, Func: func(in, out Rows) error {
		time.Sleep(5 * time.Millisecond)
		return copyRows(in, out)
	}})
	if _, err := slow.Materialise(ctx, math.MaxInt64, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func dirKeptEmpty(t *testing.T) string {
	dir := t.TempDir()
	t.Cleanup(func() { empty(t, dir) })
	return dir
}

func empty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		t.Errorf("%s is left", e.Name())
	}
}
