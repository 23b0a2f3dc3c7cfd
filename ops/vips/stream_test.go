package vips

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
)

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

// In order, a strip gets the rows that From says; out of order, those that it
// needs by itself.
func TestStripsFollow(t *testing.T) {
	checkLeaks(t)
	image := photo(t, 200, 430)
	path := saved(t, image, "pngsave", "photo.png", nil)
	from := []int{0, 90, 190, 290, 330} // the last one reaches further up
	var tops []int
	follow := Strips{Height: 100, Above: 100, Below: 20, From: from, Func: func(in, out Rows) error {
		tops = append(tops, in.Top)
		if bottom := min(out.Top+out.Height+20, 430); in.Top+in.Height != bottom {
			return fmt.Errorf("rows %d+%d, want them to end at %d", in.Top, in.Height, bottom)
		}
		return copyRows(in, out)
	}}
	same(t, stripsOn(t, opened(t, path, Sequential), follow), image)
	if !slices.Equal(tops, from) {
		t.Errorf("strips got rows from %d on, want %d", tops, from)
	}
	tops = nil
	whole := opened(t, path, Random)
	part := must[*Image](t)(stripsOn(t, whole, follow).Do("extract_area", Args{"left": 0, "top": 410, "width": 200, "height": 20}))
	defer part.Close()
	want := must[*Image](t)(image.Do("extract_area", Args{"left": 0, "top": 410, "width": 200, "height": 20}))
	defer want.Close()
	same(t, part, want)
	if !slices.Equal(tops, []int{300}) {
		t.Errorf("the last strip alone got rows from %d on", tops)
	}
	wrong := follow
	wrong.From = from[:3]
	if out, err := whole.Strips(wrong); err == nil {
		out.Close()
		t.Error("first rows of three strips were taken for five")
	}
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
