package process

import (
	"testing"

	"github.com/burnish-photo/burnish/ops/process/wire"
)

// No result is made room for that is out of all proportion to its photo.
func TestSizesOfResultsAreBounded(t *testing.T) {
	sent := wire.Layout{Format: wire.FormatRaw, Width: 4000, Height: 3000, Bands: 3, Depth: 8}
	for _, c := range []struct {
		width, height int
		ok            bool
	}{
		{4000, 3000, true}, {32_000, 24_000, true}, {40_000, 40_000, false}, {1 << 32, 1, false}, {1, 1 << 32, false}, {10_000_001, 1, false}, {0, 5, false}, {-1, -1, false},
	} {
		a := &answer{id: 1, resizes: true, exchange: exchange{sent: sent}}
		err := a.accept(wire.Result{ID: 1, Layout: wire.Layout{Width: c.width, Height: c.height}})
		if (err == nil) != c.ok {
			t.Errorf("%d×%d: %v", c.width, c.height, err)
		}
	}
}
