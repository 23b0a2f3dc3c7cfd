package vips

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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

// Two operators in a row, each made once, although the second needs rows of
// three strips of the first.
func TestStripsChain(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 200, 900)
	path := saved(t, image, "pngsave", "photo.png", nil)
	var first, second atomic.Int64
	counted := func(n *atomic.Int64) func(in, out Rows) error {
		return func(in, out Rows) error {
			n.Add(1)
			return copyRows(in, out)
		}
	}
	one := stripsOn(t, opened(t, path, Sequential), Strips{Height: 100, Func: counted(&first)})
	two := stripsOn(t, one, Strips{Height: 100, Above: 30, Below: 30, Func: counted(&second)})
	same(t, two, image)
	if first.Load() != 9 || second.Load() != 9 {
		t.Errorf("%d and %d strips made, want 9 each", first.Load(), second.Load())
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

// Whatever streams makes every strip once, from a random-access image too.
func TestStripsOnceDownstream(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 1000, 1500)
	whole := must[*Image](t)(image.Materialise(t.Context(), math.MaxInt64, ""))
	defer whole.Close()
	tests := map[string]Args{
		"resize":          {"scale": 0.08},
		"thumbnail_image": {"width": 80},
		"gaussblur":       {"sigma": 5.0},
		"extract_area":    {"left": 10, "top": 0, "width": 20, "height": 1500},
		"invert":          nil,
	}
	for op, args := range tests {
		for _, consume := range []func(*Image) error{
			func(i *Image) error { _, err := i.Pixels(); return err },
			func(i *Image) error { return i.Save("pngsave", filepath.Join(t.TempDir(), "a.png"), nil) },
		} {
			runs := 0
			lazy := stripsOn(t, whole, Strips{Height: 128, Above: 32, Below: 32, Func: func(in, out Rows) error {
				runs++
				return copyRows(in, out)
			}})
			out := must[*Image](t)(lazy.Do(op, args))
			if err := consume(out); err != nil {
				t.Error(err)
			}
			out.Close()
			if runs != 12 {
				t.Errorf("%s: %d strips made, want 12", op, runs)
			}
		}
	}
}

func TestStripsNeverOverlap(t *testing.T) {
	checkLeaks(t)
	var running, most atomic.Int64
	out := stripsOn(t, photo(t, 400, 2000), Strips{Height: 4, Func: func(in, out Rows) error {
		most.Store(max(most.Load(), running.Add(1)))
		defer running.Add(-1)
		return copyRows(in, out)
	}})
	must[[]byte](t)(out.Pixels())
	if most.Load() != 1 {
		t.Errorf("the function ran %d times at once", most.Load())
	}
}

// Several streamed images at the same time do not disturb each other.
func TestStripsParallel(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 160, 700)
	path := saved(t, image, "pngsave", "photo.png", nil)
	want := must[[]byte](t)(image.Pixels())
	var wg sync.WaitGroup
	for n := range 6 {
		wg.Go(func() {
			in, err := Open(path, Sequential)
			if err != nil {
				t.Error(err)
				return
			}
			defer in.Close()
			bad := fmt.Errorf("image %d", n)
			out, err := in.Strips(Strips{Height: 50 + n, Above: n, Below: n, Func: func(in, out Rows) error {
				if n%2 == 1 && out.Top > 300 {
					return bad
				}
				return copyRows(in, out)
			}})
			if err != nil {
				t.Error(err)
				return
			}
			defer out.Close()
			got, err := out.Pixels()
			switch {
			case n%2 == 1 && !errors.Is(err, bad):
				t.Errorf("image %d: %v", n, err)
			case n%2 == 0 && (err != nil || !bytes.Equal(got, want)):
				t.Errorf("image %d: other pixels, %v", n, err)
			}
		})
	}
	wg.Wait()
}

// A streamed photo is far bigger than what is held of it at any time.
func TestStripsBoundedMemory(t *testing.T) {
	checkLeaks(t)
	tile := photo(t, 1500, 500)
	image := must[*Image](t)(tile.Do("replicate", Args{"across": 1, "down": 40}))
	t.Cleanup(image.Close)
	path := saved(t, image, "jpegsave", "photo.jpg", nil)
	size := image.Size()
	start, _ := Memory()
	var most int64
	out := stripsOn(t, opened(t, path, Sequential), Strips{Height: 128, Above: 16, Below: 16, Func: func(in, out Rows) error {
		now, _ := Memory()
		most = max(most, now-start)
		return copyRows(in, out)
	}})
	plain, streamed := filepath.Join(t.TempDir(), "plain.jpg"), filepath.Join(t.TempDir(), "streamed.jpg")
	if err := out.Save("jpegsave", streamed, Args{"Q": 90}); err != nil {
		t.Fatal(err)
	}
	if most > size/4 {
		t.Errorf("%d bytes held of a photo of %d", most, size)
	}
	if err := opened(t, path, Sequential).Save("jpegsave", plain, Args{"Q": 90}); err != nil {
		t.Fatal(err)
	}
	equalFiles(t, streamed, plain)
	t.Logf("%d kB held of a photo of %d kB", most>>10, size>>10)
}

// The function's own error, or panic, comes back from every consumer, however
// far down the graph, and nothing but the first counts.
func TestStripsError(t *testing.T) {
	bad := errors.New("the network is down")
	tests := []struct {
		name string
		fail func() error
		is   func(error) bool
	}{
		{"error", func() error { return bad }, func(err error) bool { return errors.Is(err, bad) }},
		{"panic", func() error { panic("index out of range") }, func(err error) bool {
			var p *PanicError
			return errors.As(err, &p) && p.Value == "index out of range" && bytes.Contains(p.Stack, []byte("strips_test.go"))
		}},
		{"nil map", func() error { var m map[int]int; m[1] = 1; return nil }, func(err error) bool {
			return err != nil && strings.Contains(err.Error(), "nil map")
		}},
	}
	consumers := map[string]func(*testing.T, *Image) error{
		"save": func(t *testing.T, i *Image) error {
			return i.Save("jpegsave", filepath.Join(t.TempDir(), "a.jpg"), nil)
		},
		"materialise in memory": func(t *testing.T, i *Image) error { return closed(i.Materialise(t.Context(), math.MaxInt64, "")) },
		"materialise on disc":   func(t *testing.T, i *Image) error { return closed(i.Materialise(t.Context(), 0, t.TempDir())) },
		"pixels":                func(_ *testing.T, i *Image) error { _, err := i.Pixels(); return err },
		"measure":               func(_ *testing.T, i *Image) error { _, err := Call("avg", Args{"in": i}); return err },
		"draw": func(_ *testing.T, i *Image) error {
			return closed(i.Do("draw_flood", Args{"ink": 0.0, "x": 0, "y": 0}))
		},
	}
	for _, tt := range tests {
		for name, consume := range consumers {
			t.Run(tt.name+"/"+name, func(t *testing.T) {
				checkLeaks(t)
				runs := 0
				out := stripsOn(t, photo(t, 100, 400), Strips{Height: 50, Func: func(in, out Rows) error {
					runs++
					if out.Top >= 100 {
						return tt.fail()
					}
					return copyRows(in, out)
				}})
				inverted := must[*Image](t)(out.Do("invert", nil))
				defer inverted.Close()
				turned := must[*Image](t)(inverted.WithInt(FieldOrientation, 1))
				defer turned.Close()
				joined := must[Outputs](t)(Call("join", Args{"in1": photo(t, 100, 10), "in2": turned, "direction": "vertical"}))
				defer joined.Close()
				final := joined["out"].(*Image)

				err := consume(t, final)
				if !tt.is(err) {
					t.Fatalf("got %v", err)
				}
				before := runs
				if again := consume(t, final); !tt.is(again) || runs != before {
					t.Errorf("again, after %d runs and %d more: %v", before, runs-before, again)
				}
				if slices.ContainsFunc(final.Fields(), func(f string) bool { return strings.Contains(f, "strips") }) {
					t.Errorf("fields %q", final.Fields())
				}
			})
		}
	}
}

func closed(i *Image, err error) error {
	if err == nil {
		i.Close()
	}
	return err
}

// The error survives a detour through govips, too.
func TestStripsErrorThroughGovips(t *testing.T) {
	checkLeaks(t)
	bad := errors.New("no more memory")
	out := stripsOn(t, photo(t, 50, 50), Strips{Height: 10, Func: func(in, out Rows) error { return bad }})
	ref := out.Govips()
	defer ref.Close()
	if err := ref.Invert(); err != nil {
		t.Fatal(err)
	}
	back := FromGovips(ref)
	defer back.Close()
	if _, err := back.Pixels(); !errors.Is(err, bad) {
		t.Errorf("got %v", err)
	}
	if _, _, err := ref.ExportJpeg(nil); err == nil {
		t.Error("govips notices nothing")
	}
}

// An operator lives exactly as long as the images made with it.
func TestStripsLifetime(t *testing.T) {
	checkLeaks(t)
	before := liveStrips.Load()
	out := must[*Image](t)(photo(t, 50, 50).Strips(Strips{Height: 10, Func: copyRows}))
	inverted := must[*Image](t)(out.Do("invert", nil))
	kept := must[*Image](t)(inverted.Materialise(t.Context(), math.MaxInt64, ""))
	defer kept.Close()
	out.Close()
	if got := liveStrips.Load() - before; got != 1 {
		t.Errorf("%d operators alive while an image needs it, want 1", got)
	}
	inverted.Close()
	if got := liveStrips.Load() - before; got != 0 {
		t.Errorf("%d operators alive when only pixels are left, want 0", got)
	}
}

func BenchmarkStrips(b *testing.B) {
	image, err := FromMemory(make([]byte, 3*4000*3000), 4000, 3000, 3, "uchar")
	if err != nil {
		b.Fatal(err)
	}
	defer image.Close()
	b.SetBytes(image.Size())
	for b.Loop() {
		out, err := image.Strips(Strips{Height: 512, Above: 32, Below: 32, Func: copyRows})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Call("avg", Args{"in": out}); err != nil {
			b.Fatal(err)
		}
		out.Close()
	}
}
