package tile

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

var layouts = []Layout{
	{Size: 128, Halo: 16, Feather: 16, Multiple: 32},
	{Size: 256, Halo: 16, Feather: 16, Multiple: 32},
	{Size: 256, Halo: 32, Feather: 32, Multiple: 16},
	{Size: 64, Halo: 0, Feather: 0, Multiple: 1},
	{Size: 96, Halo: 16, Feather: 0, Multiple: 8},
}

func TestValidate(t *testing.T) {
	for _, l := range layouts {
		if err := l.Validate(); err != nil {
			t.Errorf("%+v: %v", l, err)
		}
	}
	for _, c := range []struct {
		layout Layout
		want   string
	}{
		{Layout{256, 16, 16, 0}, "multiple 0"},
		{Layout{256, 16, 16, 48}, "size 256 must be a multiple of 48"},
		{Layout{256, 8, 0, 8}, "halo 8 must be a multiple of 16"},
		{Layout{256, 16, 8, 8}, "stride of 216"},
		{Layout{256, 16, -16, 8}, "feather -16"},
		{Layout{64, 32, 16, 8}, "stride of -16"},
		{Layout{64, 16, 16, 8}, "take a larger size"},
	} {
		if err := c.layout.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.layout, err, c.want)
		}
	}
}

func TestFit(t *testing.T) {
	for _, c := range []struct {
		size, halo, feather, multiple int
		want                          Layout
	}{
		{256, 16, 16, 32, Layout{256, 16, 16, 32}},
		{300, 20, 10, 64, Layout{256, 32, 16, 64}},
		{256, 0, 0, 24, Layout{240, 0, 0, 24}},
		{10, 0, 0, 0, Layout{16, 0, 0, 1}},
	} {
		if got := Fit(c.size, c.halo, c.feather, c.multiple); got != c.want {
			t.Errorf("Fit(%d, %d, %d, %d) = %+v, want %+v", c.size, c.halo, c.feather, c.multiple, got, c.want)
		}
	}
}

// checkPlan verifies every promise that a plan makes about its geometry.
func checkPlan(l Layout, w, h int) error {
	p := l.Plan(w, h)
	ww, wh := p.WindowSize()
	if ww%l.Multiple != 0 || wh%l.Multiple != 0 || ww > l.Size || wh > l.Size {
		return fmt.Errorf("window of %d×%d", ww, wh)
	}
	for name, a := range map[string]axis{"x": p.x, "y": p.y} {
		if err := checkAxis(l, a); err != nil {
			return fmt.Errorf("axis %s: %w", name, err)
		}
	}
	for k := range p.Strips() {
		s, in := p.Strip(k), p.Input(k)
		if s.H < 1 || k < p.Strips()-1 && s.H != p.StripHeight {
			return fmt.Errorf("strip %d is %v", k, s)
		}
		if !in.Contains(s) || !(Rect{0, 0, w, h}).Contains(in) {
			return fmt.Errorf("strip %d is %v, its input %v", k, s, in)
		}
		if s.Y-in.Y > p.Above || in.Bottom()-s.Bottom() > p.Below {
			return fmt.Errorf("strip %d %v needs %v: more than %d above or %d below", k, s, in, p.Above, p.Below)
		}
	}
	if d := p.Strips() - p.Rows(); d < 0 || d > 1 {
		return fmt.Errorf("%d strips of %d rows", p.Strips(), p.Rows())
	}
	if p.Above > l.Size+l.Halo || p.Below > l.Size {
		return fmt.Errorf("%d rows above, %d below", p.Above, p.Below)
	}
	return nil
}

func checkAxis(l Layout, a axis) error {
	end := 0
	for i := range a.n {
		o := a.origin(i)
		from, to := a.core(i)
		switch {
		case o%Grid != 0:
			return fmt.Errorf("origin %d of window %d is off the grid", o, i)
		case o < 0 || o > 0 && o+a.window-a.extent >= Grid:
			return fmt.Errorf("window %d at %d is padded needlessly: %d of %d", i, o, o+a.window, a.extent)
		case from >= to || to > a.extent || from < o || to > o+a.window:
			return fmt.Errorf("core %d..%d of window %d at %d", from, to, i, o)
		case o > 0 && from-o < l.Halo:
			return fmt.Errorf("window %d has %d pixels before its core", i, from-o)
		case o+a.window < a.extent && o+a.window-to < l.Halo:
			return fmt.Errorf("window %d has %d pixels behind its core", i, o+a.window-to)
		case i > 0 && end-from != l.Feather:
			return fmt.Errorf("windows %d and %d share %d pixels", i-1, i, end-from)
		}
		end = to
	}
	if end != a.extent {
		return fmt.Errorf("%d of %d pixels covered", end, a.extent)
	}
	return nil
}

var sizes = [][2]int{
	{1, 1}, {7, 300}, {300, 7}, {256, 256}, {257, 511}, {255, 1}, {128, 128}, {129, 129}, {31, 97},
	{16, 640}, {640, 480}, {433, 1040}, {464, 464}, {465, 466}, {480, 481}, {496, 495},
}

func TestPlan(t *testing.T) {
	for _, l := range layouts {
		for _, s := range append([][2]int{{20000, 20001}, {100000, 3}, {65535, 65535}}, sizes...) {
			if err := checkPlan(l, s[0], s[1]); err != nil {
				t.Errorf("%+v, %d×%d: %v", l, s[0], s[1], err)
			}
		}
		for n := range 3 * l.Size { // every remainder
			if err := checkPlan(l, n+1, 3*l.Size-n); err != nil {
				t.Fatalf("%+v, %d×%d: %v", l, n+1, 3*l.Size-n, err)
			}
		}
	}
}

func TestRampSumsToOne(t *testing.T) {
	for _, n := range []int{1, 16, 32, 48} {
		r := ramp(n)
		for i, v := range r {
			if sum := v + r[n-1-i]; math.Abs(float64(sum)-1) > 1e-7 {
				t.Errorf("ramp of %d: weights at %d sum to %v", n, i, sum)
			}
			if i > 0 && v <= r[i-1] {
				t.Errorf("ramp of %d falls at %d", n, i)
			}
		}
	}
}

// noise is a photo in which no two pixels are alike.
func noise[T Sample](w, h, bands int) Pixels[T] {
	r := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	p := Pixels[T]{Rect: Rect{0, 0, w, h}, Bands: bands, Stride: w*bands + 3, Pix: make([]T, (w*bands+3)*h)}
	for i := range p.Pix {
		p.Pix[i] = T(r.Uint32())
	}
	return p
}

// restored runs all strips through the network given, which changes a window in
// place, in the order of the indices, and returns the photo.
func restored[T Sample](p Plan, src Pixels[T], network func(Planar), order []int) (Pixels[T], int, error) {
	out := Pixels[T]{Rect: src.Rect, Bands: src.Bands, Stride: src.Stride, Pix: append([]T(nil), src.Pix...)}
	s, runs := NewStitcher(p), 0
	for _, k := range order {
		in := p.Input(k)
		visible := Pixels[T]{Rect: in, Bands: src.Bands, Stride: src.Stride, Pix: src.Pix[in.Y*src.Stride : in.Bottom()*src.Stride]}
		left, area := p.Strip(k), 0
		err := s.Strip(k, func(tiles []Tile, done func(Planar)) error {
			for _, t := range tiles {
				w := NewPlanar(t.Window)
				if err := Load(w, visible, p.W, p.H); err != nil {
					return err
				}
				network(w)
				runs++
				done(w)
			}
			return nil
		}, func(w Planar, part Rect) {
			if !left.Contains(part) {
				panic(fmt.Sprintf("%v is outside strip %v", part, left))
			}
			area += part.W * part.H
			if err := Store(out, w, part); err != nil {
				panic(err)
			}
		})
		if err != nil {
			return out, runs, err
		}
		if area != left.W*left.H {
			return out, runs, fmt.Errorf("strip %d: %d of %d pixels were emitted", k, area, left.W*left.H)
		}
	}
	return out, runs, nil
}

func upTo(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

func identity(Planar) {}

func checkIdentity[T Sample](l Layout, w, h, bands int) error {
	src, p := noise[T](w, h, bands), l.Plan(w, h)
	out, runs, err := restored(p, src, identity, upTo(p.Strips()))
	if err != nil {
		return err
	}
	if runs != p.Windows() {
		return fmt.Errorf("%d windows were restored, planned were %d", runs, p.Windows())
	}
	for i, v := range src.Pix {
		if out.Pix[i] != v {
			return fmt.Errorf("sample %d became %d, was %d", i, out.Pix[i], v)
		}
	}
	return nil
}

func TestIdentity(t *testing.T) {
	for n, l := range layouts {
		for i, s := range sizes {
			check, bands := checkIdentity[uint8], 1+(n+i)%5
			if i%2 == 0 {
				check = checkIdentity[uint16]
			}
			if err := check(l, s[0], s[1], bands); err != nil {
				t.Errorf("%+v, %d×%d, %d bands: %v", l, s[0], s[1], bands, err)
			}
		}
	}
}

// TestOrder restores strips in any order with a network whose answer depends on
// the window, so that a missing or wrong neighbour would show.
func TestOrder(t *testing.T) {
	position := func(w Planar) {
		for i := range w.Pix {
			w.Pix[i] = w.Pix[i]*0.5 + float32((w.Rect.X*7+w.Rect.Y*13)%251)/512
		}
	}
	for _, l := range layouts {
		for _, s := range [][2]int{{1, 1}, {31, 97}, {257, 511}, {480, 481}, {129, 640}} {
			p, src := l.Plan(s[0], s[1]), noise[uint16](s[0], s[1], 3)
			want, _, err := restored(p, src, position, upTo(p.Strips()))
			if err != nil {
				t.Fatal(err)
			}
			order := rand.New(rand.NewPCG(1, 2)).Perm(p.Strips())
			order = append(order, order...)
			got, _, err := restored(p, src, position, order)
			if err != nil {
				t.Fatal(err)
			}
			for i, v := range want.Pix {
				if got.Pix[i] != v {
					t.Fatalf("%+v, %d×%d: sample %d is %d in order, %d in order %v", l, s[0], s[1], i, v, got.Pix[i], order)
				}
			}
		}
	}
}

// TestBlendIsSmooth gives neighbouring windows different levels: the largest
// step between pixels must be a fraction of the difference.
func TestBlendIsSmooth(t *testing.T) {
	l := Layout{Size: 128, Halo: 16, Feather: 16, Multiple: 32}
	src := noise[uint16](300, 300, 3)
	p := l.Plan(300, 300)
	level := func(w Planar) {
		v := float32(0.25)
		if (w.Rect.X/Grid+w.Rect.Y/Grid)%2 == 0 {
			v = 0.75
		}
		for i := range w.Pix {
			w.Pix[i] = v
		}
	}
	out, _, err := restored(p, src, level, upTo(p.Strips()))
	if err != nil {
		t.Fatal(err)
	}
	const limit = 65535 / 2 / 10 // smoothstep over 16 pixels: at most 1.5/16 of the difference
	for y := 1; y < 300; y++ {
		for x := 1; x < 300; x++ {
			here := int(out.row(y, x, 1)[0])
			if d := max(here-int(out.row(y, x-1, 1)[0]), here-int(out.row(y-1, x, 1)[0])); d > limit {
				t.Fatalf("step of %d at %d,%d", d, x, y)
			}
		}
	}
}

func TestStripErrors(t *testing.T) {
	l := layouts[0]
	p := l.Plan(300, 300)
	s := NewStitcher(p)
	emit := func(Planar, Rect) {}
	if err := s.Strip(p.Strips(), nil, emit); err == nil {
		t.Error("a strip beyond the last was made")
	}
	broken := errors.New("broken")
	if err := s.Strip(0, func([]Tile, func(Planar)) error { return broken }, emit); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if err := s.Strip(0, func([]Tile, func(Planar)) error { return nil }, emit); err == nil || !strings.Contains(err.Error(), "0 of the") {
		t.Errorf("missing windows: %v", err)
	}
	src := noise[uint8](300, 300, 3)
	src.Rect.H = 100
	if err := Load(NewPlanar(p.Row(0)[0].Window), src, 300, 300); err == nil {
		t.Error("a window was filled from rows that are not there")
	}
	if err := Store(src, NewPlanar(Rect{0, 0, 128, 128}), Rect{0, 90, 20, 20}); err == nil {
		t.Error("rows that are not there were written")
	}
}

func TestQuantize(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for _, c := range []struct {
		v    float32
		want uint8
	}{{0, 0}, {1, 255}, {-0.2, 0}, {1.7, 255}, {nan, 0}, {inf, 255}, {-inf, 0}, {0.5, 128}, {1.49 / 255, 1}, {1.51 / 255, 2}, {254.6 / 255, 255}} {
		if got := quantize[uint8](c.v); got != c.want {
			t.Errorf("%v became %d, want %d", c.v, got, c.want)
		}
	}
	for v := range 65536 {
		if got := quantize[uint16](float32(v) * (1 / full[uint16]())); int(got) != v {
			t.Fatalf("%d became %d", v, got)
		}
	}
}

func TestEdgesRepeat(t *testing.T) {
	src := noise[uint8](5, 3, 3)
	w := NewPlanar(Rect{0, 0, 32, 32})
	if err := Load(w, src, 5, 3); err != nil {
		t.Fatal(err)
	}
	for c := range 3 {
		for y := range 32 {
			for x := range 32 {
				want := float32(src.row(min(y, 2), min(x, 4), 1)[c]) / 255
				if got := w.row(c, y, x, 1)[0]; math.Abs(float64(got-want)) > 1e-6 {
					t.Fatalf("plane %d at %d,%d is %v, want %v", c, x, y, got, want)
				}
			}
		}
	}
}

func TestPlanPanics(t *testing.T) {
	for _, f := range []func(){
		func() { Layout{}.Plan(1, 1) },
		func() { layouts[0].Plan(0, 1) },
		func() {
			s := NewStitcher(layouts[0].Plan(300, 300))
			_ = s.Strip(0, func(_ []Tile, done func(Planar)) error { done(Planar{}); return nil }, func(Planar, Rect) {})
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			f()
		}()
	}
}

func FuzzPlan(f *testing.F) {
	f.Add(uint(1), uint(1), uint(0), uint(2), uint(1))
	f.Add(uint(257), uint(511), uint(7), uint(1), uint(1))
	f.Add(uint(433), uint(1040), uint(15), uint(0), uint(3))
	f.Fuzz(func(t *testing.T, w, h, size, halo, feather uint) {
		l := Layout{Size: Grid * int(size%40+1), Halo: Grid * int(halo%4), Feather: Grid * int(feather%4), Multiple: Grid}
		if l.Validate() != nil {
			t.Skip()
		}
		if err := checkPlan(l, int(w%200000)+1, int(h%200000)+1); err != nil {
			t.Fatalf("%+v, %d×%d: %v", l, w%200000+1, h%200000+1, err)
		}
		if err := checkIdentity[uint8](l, int(w%700)+1, int(h%700)+1, int(w%5)+1); err != nil {
			t.Fatalf("%+v, %d×%d: %v", l, w%700+1, h%700+1, err)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	b.Run("uint8", benchLoad[uint8])
	b.Run("uint16", benchLoad[uint16])
}
func BenchmarkStore(b *testing.B) {
	b.Run("uint8", benchStore[uint8])
	b.Run("uint16", benchStore[uint16])
}

func benchLoad[T Sample](b *testing.B) {
	src, dst := noise[T](512, 512, 3), NewPlanar(Rect{0, 0, 512, 512})
	b.SetBytes(512 * 512)
	for b.Loop() {
		if err := Load(dst, src, 512, 512); err != nil {
			b.Fatal(err)
		}
	}
}

func benchStore[T Sample](b *testing.B) {
	dst, src := noise[T](512, 512, 3), NewPlanar(Rect{0, 0, 512, 512})
	if err := Load(src, dst, 512, 512); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(512 * 512)
	for b.Loop() {
		if err := Store(dst, src, src.Rect); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkStitch is what planning, filling, joining and writing cost a photo of
// 12 megapixels beside the network.
func BenchmarkStitch(b *testing.B) {
	src := noise[uint8](4000, 3000, 3)
	p := layouts[1].Plan(4000, 3000)
	b.SetBytes(4000 * 3000)
	b.ReportAllocs()
	for b.Loop() {
		s := NewStitcher(p)
		w := NewPlanar(Rect{0, 0, 256, 256})
		for k := range p.Strips() {
			err := s.Strip(k, func(tiles []Tile, done func(Planar)) error {
				for _, t := range tiles {
					w.Rect = t.Window
					if err := Load(w, src, 4000, 3000); err != nil {
						return err
					}
					done(w)
				}
				return nil
			}, func(w Planar, part Rect) { _ = Store(src, w, part) })
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}
