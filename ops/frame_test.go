package ops_test

import (
	"math"
	"testing"

	"github.com/burnish-photo/burnish/ops"
)

// A place near the upper left, at 0.1 across and 0.2 down, by EXIF's table of
// orientations (CIPA DC-008, 4.6.5).
func TestFrames(t *testing.T) {
	near := func(a, b float64) bool { return math.Abs(a-b) < 1e-9 }
	for orientation, want := range [][2]float64{1: {.1, .2}, 2: {.9, .2}, 3: {.9, .8}, 4: {.1, .8}, 5: {.2, .1}, 6: {.8, .1}, 7: {.8, .9}, 8: {.2, .9}} {
		if orientation == 0 {
			continue
		}
		f := ops.Whole.Turned(orientation)
		if x, y := f.Place(.1, .2); !near(x, want[0]) || !near(y, want[1]) || f.Sideways() != (orientation > 4) {
			t.Errorf("orientation %d: %v, %v", orientation, x, y)
		}
		if x, y := f.BeforeTurn(orientation).Place(.1, .2); !near(x, .1) || !near(y, .2) {
			t.Errorf("orientation %d, counted upright: %v, %v", orientation, x, y)
		}
	}
	f := ops.Whole.Turned(6).Cut(50, 0, 50, 100, 100, 100) // the right half
	if b, ok := f.Box(ops.Box{Left: .0, Top: .1, Right: .2, Bottom: .3}); !ok || !near(b.Left, .4) || !near(b.Right, .8) || !near(b.Top, 0) || !near(b.Bottom, .2) {
		t.Errorf("%+v, %t", b, ok)
	}
	if b, ok := f.Box(ops.Box{Left: .0, Top: .4, Right: .2, Bottom: .6}); !ok || !near(b.Left, 0) || !near(b.Right, .2) {
		t.Errorf("half of it: %+v, %t", b, ok)
	}
	if b, ok := f.Box(ops.Box{Left: .0, Top: .7, Right: .2, Bottom: .9}); ok {
		t.Errorf("cut off, yet at %+v", b)
	}
	for _, unknown := range []ops.Frame{{}, ops.Whole.Turned(9), ops.Frame{}.Turned(6), ops.Frame{}.BeforeTurn(6), ops.Whole.Cut(0, 0, 0, 0, 1, 1)} {
		if _, ok := unknown.Box(ops.Box{Right: 1, Bottom: 1}); ok || unknown.Known() {
			t.Errorf("%+v is known", unknown)
		}
	}
}
