package tile

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

var layouts = []Layout{
	{Size: 128, Halo: 16, Feather: 16, Multiple: 32},
	{Size: 256, Halo: 16, Feather: 16, Multiple: 32},
	{Size: 256, Halo: 32, Feather: 32, Multiple: 16},
	{Size: 64, Halo: 0, Feather: 0, Multiple: 1},
	{Size: 96, Halo: 16, Feather: 0, Multiple: 8},
	{Size: 192, Halo: 0, Feather: 32, Multiple: 32, Fitted: true},
	{Size: 128, Halo: 16, Feather: 16, Multiple: 8, Fitted: true},
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
		{Layout{Size: 256, Halo: 16, Feather: 16, Multiple: 0}, "multiple 0"},
		{Layout{Size: 256, Halo: 16, Feather: 16, Multiple: 48}, "size 256 must be a multiple of 48"},
		{Layout{Size: 256, Halo: 8, Feather: 0, Multiple: 8}, "halo 8 must be a multiple of 16"},
		{Layout{Size: 256, Halo: 16, Feather: 8, Multiple: 8}, "stride of 216"},
		{Layout{Size: 256, Halo: 16, Feather: -16, Multiple: 8}, "feather -16"},
		{Layout{Size: 64, Halo: 32, Feather: 16, Multiple: 8}, "stride of -16"},
		{Layout{Size: 64, Halo: 16, Feather: 16, Multiple: 8}, "take a larger size"},
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
		{256, 16, 16, 32, Layout{Size: 256, Halo: 16, Feather: 16, Multiple: 32}},
		{300, 20, 10, 64, Layout{Size: 256, Halo: 32, Feather: 16, Multiple: 64}},
		{256, 0, 0, 24, Layout{Size: 240, Halo: 0, Feather: 0, Multiple: 24}},
		{10, 0, 0, 0, Layout{Size: 16, Halo: 0, Feather: 0, Multiple: 1}},
	} {
		if got := Fit(c.size, c.halo, c.feather, c.multiple); got != c.want {
			t.Errorf("Fit(%d, %d, %d, %d) = %+v, want %+v", c.size, c.halo, c.feather, c.multiple, got, c.want)
		}
	}
}

// checkPlan verifies every promise that a plan makes about its geometry.
func checkPlan(l Layout, w, h int) error {
	p := l.Plan(w, h)
	ww, wh := p.TileSize()
	most := func(side int) int {
		if l.Fitted && side >= long {
			return l.Size + l.Size/quarter
		}
		return l.Size
	}
	if ww%l.Multiple != 0 || wh%l.Multiple != 0 || ww > most(w) || wh > most(h) {
		return fmt.Errorf("tile of %d×%d", ww, wh)
	}
	for name, a := range map[string]axis{"x": p.x, "y": p.y} {
		if err := checkAxis(l, a); err != nil {
			return fmt.Errorf("axis %s: %w", name, err)
		}
	}
	if l.Fitted {
		full := l
		full.Fitted = false
		q := full.Plan(w, h)
		if qw, qh := q.TileSize(); p.Cols() > q.Cols() || p.Rows() > q.Rows() || p.Cols()*ww > q.Cols()*qw || p.Rows()*wh > q.Rows()*qh {
			return fmt.Errorf("%d×%d tiles of %d×%d, but %d×%d of %d×%d", p.Cols(), p.Rows(), ww, wh, q.Cols(), q.Rows(), qw, qh)
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
		from := p.FirstNewRow(k)
		if from < in.Y || from > s.Y || k < p.Rows() && from > p.Row(k)[0].Rect.Y {
			return fmt.Errorf("strip %d %v is said to need row %d on, after the one above", k, s, from)
		}
		if k > 0 && from < p.FirstNewRow(k-1) {
			return fmt.Errorf("strip %d needs row %d on, the one above %d", k, from, p.FirstNewRow(k-1))
		}
	}
	if d := p.Strips() - p.Rows(); d < 0 || d > 1 {
		return fmt.Errorf("%d strips of %d rows", p.Strips(), p.Rows())
	}
	if p.Above > most(h)+l.Halo || p.Below > most(h) {
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
			return fmt.Errorf("origin %d of tile %d is off the grid", o, i)
		case o < 0 || o > 0 && o+a.tile-a.extent >= Grid:
			return fmt.Errorf("tile %d at %d is padded needlessly: %d of %d", i, o, o+a.tile, a.extent)
		case from >= to || to > a.extent || from < o || to > o+a.tile:
			return fmt.Errorf("core %d..%d of tile %d at %d", from, to, i, o)
		case o > 0 && from-o < l.Halo:
			return fmt.Errorf("tile %d has %d pixels before its core", i, from-o)
		case o+a.tile < a.extent && o+a.tile-to < l.Halo:
			return fmt.Errorf("tile %d has %d pixels behind its core", i, o+a.tile-to)
		case i > 0 && end-from != l.Feather:
			return fmt.Errorf("tiles %d and %d share %d pixels", i-1, i, end-from)
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
		for _, s := range append([][2]int{{4000, 3000}, {2309, 1732}, {20000, 20001}, {100000, 3}, {65535, 65535}}, sizes...) {
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

// Tiles of a row that run two at a time are even in number where that is less work.
func TestFittedTogether(t *testing.T) {
	l := Layout{Size: 384, Feather: 32, Multiple: 32, Fitted: true, Parallel: 2}
	p := l.Plan(4000, 3000)
	if w, h := p.TileSize(); w != 544 || p.Cols() != 8 || h != 416 || p.Rows() != 8 {
		t.Errorf("%d×%d tiles of %d×%d", p.Cols(), p.Rows(), w, h)
	}
}

// Long sides get larger tiles where fewer of them are less work.
func TestFitted(t *testing.T) {
	l := Layout{Size: 384, Feather: 32, Multiple: 32, Fitted: true}
	for _, c := range []struct{ extent, tile, n int }{
		{768, 288, 3}, {1732, 384, 5}, {2309, 416, 6}, {3000, 416, 8}, {4000, 480, 9}, {11547, 384, 33},
	} {
		if a := l.axis(c.extent); a.tile != c.tile || a.n != c.n {
			t.Errorf("%d pixels: %d tiles of %d, want %d of %d", c.extent, a.n, a.tile, c.n, c.tile)
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
		l := Layout{Size: Grid * int(size%40+1), Halo: Grid * int(halo%4), Feather: Grid * int(feather%4), Multiple: Grid, Fitted: w%2 == 0}
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

func TestSmaller(t *testing.T) {
	for _, c := range []struct {
		layout Layout
		want   []int
	}{
		{Fit(256, 16, 16, 32), []int{128, 96}}, {Fit(96, 16, 16, 32), nil}, {Fit(384, 48, 16, 8), []int{192, 176}}, {Fit(128, 16, 16, 8), []int{80}}, {Layout{Size: 64, Multiple: 1}, []int{32, 16}},
	} {
		var got []int
		for _, l := range c.layout.Smaller() {
			if err := l.Validate(); err != nil {
				t.Error(err)
			}
			got = append(got, l.Size)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: sizes %v, want %v", c.layout, got, c.want)
		}
	}
}
