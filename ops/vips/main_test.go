package vips

import (
	"bytes"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	govips "github.com/davidbyttow/govips/v2/vips"
)

var concurrency = flag.Int("vips-concurrency", 4, "libvips threads per image")

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv(lifeEnv) != "" {
		os.Exit(life())
	}
	if err := Start(Options{Concurrency: *concurrency, Log: slog.New(slog.DiscardHandler)}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	code := m.Run()
	Stop()
	os.Exit(code)
}

// checkLeaks fails the test if it leaves images, Go operators or pixel memory
// behind.
func checkLeaks(t *testing.T) {
	t.Helper()
	images, operators, refs := Live(), liveStrips.Load(), govips.OpenImageRefs()
	before, _ := Memory()
	t.Cleanup(func() {
		t.Helper()
		if n := Live(); n != images {
			t.Errorf("%d images left open", n-images)
		}
		if n := govips.OpenImageRefs(); n != refs {
			t.Errorf("%d govips images left open", n-refs)
		}
		if n := liveStrips.Load(); n != operators {
			t.Errorf("%d Go operators left alive", n-operators)
		}
		// libvips' threads clean up after they report that they are done.
		now, _ := Memory()
		for wait := 0; now > before && wait < 200; wait++ {
			time.Sleep(10 * time.Millisecond)
			now, _ = Memory()
		}
		if now > before {
			t.Errorf("%d bytes of pixels left", now-before)
		}
	})
}

// must unwraps a result that has to be there.
func must[T any](t *testing.T) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// photo is a picture with edges, gradients and texture, w × h of 3 uchar bands.
func photo(t *testing.T, w, h int) *Image {
	t.Helper()
	pixels := make([]byte, 0, 3*w*h)
	for y := range h {
		for x := range w {
			texture := (x*7919 ^ y*104729) >> 3 & 15
			r := 128 + 100*math.Sin(float64(x)/37)*math.Cos(float64(y)/53)
			g := float64(255 * x / w)
			b := float64(255 * (x/31%2 ^ y/29%2))
			pixels = append(pixels, byte(r)+byte(texture), byte(g), byte(b))
		}
	}
	image := must[*Image](t)(FromMemory(pixels, w, h, 3, "uchar"))
	t.Cleanup(image.Close)
	return image
}

// saved writes the image to a new file of the given name and returns its path.
func saved(t *testing.T, image *Image, saver, name string, args Args) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := image.Save(saver, path, args); err != nil {
		t.Fatal(err)
	}
	return path
}

// opened opens a file and closes it after the test.
func opened(t *testing.T, path string, a Access) *Image {
	t.Helper()
	image := must[*Image](t)(Open(path, a))
	t.Cleanup(image.Close)
	return image
}

// wild returns a photo from the wild collection, or skips the test.
func wild(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", "wild", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no photo collection beside the checkout: %v", err)
	}
	return path
}

// same fails the test unless both images have equal pixels.
func same(t *testing.T, got, want *Image) {
	t.Helper()
	if !bytes.Equal(must[[]byte](t)(got.Pixels()), must[[]byte](t)(want.Pixels())) {
		t.Error("pixels differ")
	}
}

// savers are the formats that the library can write, with their savers.
func savers() map[string]string {
	all := map[string]string{}
	for format := range encoders {
		if saver, ok := SaverFor(format); ok {
			all[format] = saver
		}
	}
	return all
}
