package vips

import (
	"bytes"
	"math"
	"testing"
)

// narrowed is the reference: Lanczos 3 in floating point, one row after the
// other.
func narrowed(in []byte, from, to int) []byte {
	sinc := func(x float64) float64 {
		if x == 0 {
			return 1
		}
		return math.Sin(math.Pi*x) / (math.Pi * x)
	}
	var out []byte
	factor := float64(from) / float64(to)
	for at := 0; at < len(in); at += 3 * from {
		row := in[at : at+3*from]
		for x := range to {
			centre := (float64(x)+0.5)*factor - 0.5
			var sums [3]float64
			total := 0.0
			for i := int(math.Floor(centre - 3*factor)); float64(i) <= centre+3*factor; i++ {
				d := (float64(i) - centre) / factor
				if math.Abs(d) >= 3 {
					continue
				}
				weight := sinc(d) * sinc(d/3)
				total += weight
				for b := range sums {
					sums[b] += weight * float64(row[3*min(max(i, 0), from-1)+b])
				}
			}
			for _, s := range sums {
				out = append(out, byte(math.Round(min(max(s/total, 0), 255))))
			}
		}
	}
	return out
}

func narrow(t *testing.T, p *Image, width int) *Image {
	t.Helper()
	out := must[*Image](t)(p.Narrow(width))
	t.Cleanup(out.Close)
	return out
}

func TestNarrow(t *testing.T) {
	checkLeaks(t)
	for _, c := range []struct{ from, height, to int }{
		{400, 300, 205}, {400, 37, 399}, {400, 5, 400}, {2000, 21, 31}, {2000, 4, 1}, {97, 50, 60}, {8, 9, 3}, {5, 5, 2}, {2, 6, 1}, {1, 4, 1},
	} {
		p := photo(t, c.from, c.height)
		got := must[[]byte](t)(narrow(t, p, c.to).Pixels())
		want := narrowed(must[[]byte](t)(p.Pixels()), c.from, c.to)
		if len(got) != len(want) {
			t.Fatalf("%+v: %d bytes, want %d", c, len(got), len(want))
		}
		for i := range want {
			if d := int(got[i]) - int(want[i]); d < -1 || d > 1 {
				t.Errorf("%+v: value %d is %d, want %d", c, i, got[i], want[i])
				break
			}
		}
	}
}

// TestNarrowWays wants the same of rows that are made several at once and of
// those that are left over, of whole rows and of tiles, and of a stream.
func TestNarrowWays(t *testing.T) {
	checkLeaks(t)
	row := photo(t, 700, 1)
	alike := must[*Image](t)(row.Do("replicate", Args{"across": 1, "down": 7}))
	defer alike.Close()
	pixels := must[[]byte](t)(narrow(t, alike, 311).Pixels())
	for y := range 7 {
		if !bytes.Equal(pixels[y*3*311:][:3*311], pixels[:3*311]) {
			t.Errorf("row %d of equal rows is another", y)
		}
	}
	p := photo(t, 700, 330)
	whole := narrow(t, p, 311)
	kept := must[*Image](t)(whole.Materialise(t.Context(), 1<<30, ""))
	defer kept.Close()
	for _, area := range []Args{{"left": 0, "top": 3, "width": 1, "height": 9}, {"left": 17, "top": 40, "width": 130, "height": 131}, {"left": 300, "top": 0, "width": 11, "height": 330}} {
		part := must[*Image](t)(whole.Do("extract_area", area))
		want := must[*Image](t)(kept.Do("extract_area", area))
		same(t, part, want)
		part.Close()
		want.Close()
	}
	stream := opened(t, saved(t, p, "pngsave", "photo.png", nil), Sequential)
	same(t, narrow(t, stream, 311), kept)
}

// TestNarrowKeepsAreas wants areas of one colour as they are, and no value to
// turn over beside the brightest and the darkest.
func TestNarrowKeepsAreas(t *testing.T) {
	checkLeaks(t)
	const from, height = 601, 5
	pixels := make([]byte, 0, 3*from*height)
	for range height {
		for x := range from {
			v := byte(255 * (x / 200 % 2))
			pixels = append(pixels, v, 255-v, 77)
		}
	}
	p := must[*Image](t)(FromMemory(pixels, from, height, 3, "uchar"))
	defer p.Close()
	for _, to := range []int{600, 301, 100, 47} {
		got := must[[]byte](t)(narrow(t, p, to).Pixels())
		for i := 0; i < len(got); i += 3 {
			bright := byte(255 * (i / 3 % to * from / to / 200 % 2))
			near := math.Mod(float64(i/3%to)+0.5, 200*float64(to)/from)
			edge := near < 4 || near > 200*float64(to)/from-4
			if got[i+2] != 77 || !edge && (got[i] != bright || got[i+1] != 255-bright) {
				t.Fatalf("%d columns: pixel %d is %d", to, i/3, got[i:i+3])
			}
		}
	}
}

func TestNarrowWantsPlainPixels(t *testing.T) {
	checkLeaks(t)
	p := photo(t, 20, 20)
	gray := must[*Image](t)(p.Do("colourspace", Args{"space": "b-w"}))
	defer gray.Close()
	for _, c := range []struct {
		p     *Image
		width int
	}{{gray, 10}, {p, 0}, {p, 21}} {
		if out, err := c.p.Narrow(c.width); err == nil {
			out.Close()
			t.Errorf("%d bands to %d columns pass", c.p.Bands(), c.width)
		}
	}
}

func BenchmarkNarrow(b *testing.B) {
	pixels := make([]byte, 3*4000*1000)
	for i := range pixels {
		pixels[i] = byte(i * 7 >> 3)
	}
	p, err := FromMemory(pixels, 4000, 1000, 3, "uchar")
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	run := func(begin func() (*Image, error)) func(b *testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				out, err := begin()
				if err != nil {
					b.Fatal(err)
				}
				kept, err := out.Materialise(b.Context(), 1<<30, "")
				if err != nil {
					b.Fatal(err)
				}
				kept.Close()
				out.Close()
			}
		}
	}
	b.Run("burnish", run(func() (*Image, error) { return p.Narrow(2048) }))
	b.Run("libvips", run(func() (*Image, error) { return p.Do("reduceh", Args{"hshrink": 4000.0 / 2048}) }))
}
