package vips

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync"
	"testing"
)

// copyRows is the identity operator.
func copyRows(in, out Rows) error {
	for y := out.Top; y < out.Top+out.Height; y++ {
		copy(out.Row(y), in.Row(y)[:len(out.Row(y))])
	}
	return nil
}

func stripsOn(t *testing.T, image *Image, s Strips) *Image {
	t.Helper()
	out := must[*Image](t)(image.Strips(s))
	t.Cleanup(out.Close)
	return out
}

// A streamed identity, whatever its geometry, changes no pixel, runs once for
// every strip, and sees exactly the rows it asked for.
func TestStripsIdentity(t *testing.T) {
	checkLeaks(t)
	const height = 1000
	image := photo(t, 300, height)
	path := saved(t, image, "jpegsave", "photo.jpg", Args{"Q": 90})
	want := opened(t, path, Random)
	tests := []struct{ height, above, below int }{
		{1, 0, 0}, {7, 3, 0}, {16, 40, 16}, {64, 8, 8}, {512, 32, 32}, {1000, 5, 5}, {5000, 9999, 9999},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt), func(t *testing.T) {
			var mu sync.Mutex
			calls := map[int]int{}
			out := stripsOn(t, opened(t, path, Sequential), Strips{
				Height: tt.height, Above: tt.above, Below: tt.below,
				Func: func(in, out Rows) error {
					mu.Lock()
					calls[out.Top]++
					mu.Unlock()
					bottom := out.Top + out.Height
					if in.Top != max(0, out.Top-tt.above) || in.Top+in.Height != min(height, bottom+tt.below) ||
						out.Top%min(tt.height, height) != 0 || bottom != min(height, out.Top+tt.height) {
						return fmt.Errorf("rows %d+%d of %d+%d", out.Top, out.Height, in.Top, in.Height)
					}
					if in.Width != 300 || in.Bands != 3 || len(in.Row(in.Top)) < 900 || len(out.Row(bottom-1)) != 900 {
						return fmt.Errorf("%d×%d, rows of %d and %d bytes", in.Width, in.Bands, len(in.Row(in.Top)), len(out.Row(bottom-1)))
					}
					return copyRows(in, out)
				},
			})
			same(t, out, want)
			if want := (height + tt.height - 1) / tt.height; len(calls) != want {
				t.Errorf("%d strips, want %d", len(calls), want)
			}
			for top, n := range calls {
				if n != 1 {
					t.Errorf("the strip at %d was made %d times", top, n)
				}
			}
		})
	}
}

// Rows of the halo hold the neighbouring rows' pixels.
func TestStripsHalo(t *testing.T) {
	checkLeaks(t)
	const w, h, reach = 50, 333, 6
	image := photo(t, w, h)
	pixels := must[[]byte](t)(image.Pixels())
	out := stripsOn(t, image, Strips{Height: 40, Above: reach, Below: reach, Func: func(in, out Rows) error {
		for y := out.Top; y < out.Top+out.Height; y++ {
			clear(out.Row(y))
			for near := max(0, y-reach); near <= min(h-1, y+reach); near++ {
				for n := range w * 3 {
					out.Row(y)[n] += in.Row(near)[n]
				}
			}
		}
		return nil
	}})
	got := must[[]byte](t)(out.Pixels())
	for y := range h {
		for n := range w * 3 {
			var sum byte
			for near := max(0, y-reach); near <= min(h-1, y+reach); near++ {
				sum += pixels[near*w*3+n]
			}
			if got[y*w*3+n] != sum {
				t.Fatalf("row %d: %d, want %d", y, got[y*w*3+n], sum)
			}
		}
	}
}

func TestStripsChangeFormat(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 33, 70)
	out := stripsOn(t, image, Strips{Height: 16, Bands: 1, Format: "float", Interpretation: "b-w", Func: func(in, out Rows) error {
		for y := out.Top; y < out.Top+out.Height; y++ {
			for x := range out.Width {
				green := float32(in.Row(y)[3*x+1]) / 2
				binary.NativeEndian.PutUint32(out.Row(y)[4*x:], math.Float32bits(green))
			}
		}
		return nil
	}})
	if out.Bands() != 1 || out.Format() != "float" || out.Interpretation() != "b-w" || out.Width() != 33 || out.Height() != 70 {
		t.Fatalf("%d×%d×%d %s %s", out.Width(), out.Height(), out.Bands(), out.Format(), out.Interpretation())
	}
	green := must[*Image](t)(image.Do("extract_band", Args{"band": 1}))
	defer green.Close()
	half := must[*Image](t)(green.Do("linear", Args{"a": 0.5, "b": 0}))
	defer half.Close()
	same(t, out, half)
}

func TestStripsRefuses(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 8, 8)
	packed := must[*Image](t)(image.Do("colourspace", Args{"space": "labq"}))
	defer packed.Close()
	tests := []struct {
		name  string
		image *Image
		s     Strips
	}{
		{"no function", image, Strips{Height: 8}},
		{"no height", image, Strips{Func: copyRows}},
		{"negative halo", image, Strips{Height: 8, Above: -1, Func: copyRows}},
		{"format", image, Strips{Height: 8, Format: "byte", Func: copyRows}},
		{"interpretation", image, Strips{Height: 8, Interpretation: "rgb8", Func: copyRows}},
		{"packed pixels", packed, Strips{Height: 8, Func: copyRows}},
	}
	for _, tt := range tests {
		if out, err := tt.image.Strips(tt.s); err == nil {
			out.Close()
			t.Errorf("%s: no error", tt.name)
		}
	}
}

// Out of order, the rows are still right.
func TestStripsUpsideDown(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 64, 500)
	flip := func(i *Image) *Image {
		out := must[*Image](t)(i.Do("flip", Args{"direction": "vertical"}))
		t.Cleanup(out.Close)
		return out
	}
	same(t, flip(stripsOn(t, image, Strips{Height: 64, Above: 3, Below: 3, Func: copyRows})), flip(image))
}
