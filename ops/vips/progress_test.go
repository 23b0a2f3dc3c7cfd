package vips_test

import (
	"context"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops/vips"
)

// A save tells of its progress more than once, however slow what is upstream
// of the encoder is, and so does materialising; afterwards nothing does.
func TestProgress(t *testing.T) {
	const side = 512
	plain, err := vips.FromMemory(make([]byte, 3*side*side), side, side, 3, "uchar")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	slow, err := plain.Strips(vips.Strips{Height: 128, Func: func(in, out vips.Rows) error {
		time.Sleep(120 * time.Millisecond)
		copy(out.Pixels, in.Pixels)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	var n atomic.Int64
	ctx := vips.WithProgress(t.Context(), func(_ context.Context, done float64) {
		n.Add(1)
		if done < 0 || done > 1 {
			t.Errorf("%g of the work is done", done)
		}
	})
	for _, saver := range []string{"jpegsave", "pngsave", "tiffsave", "webpsave"} {
		n.Store(0)
		if err := slow.SaveContext(ctx, saver, filepath.Join(t.TempDir(), "out"), nil); err != nil {
			t.Fatal(err)
		}
		if n.Load() < 2 {
			t.Errorf("%s told of its progress %d times", saver, n.Load())
		}
	}
	if saver, ok := vips.SaverFor("avif"); ok { // it says nothing while it encodes
		noise, err := vips.Call("gaussnoise", vips.Args{"width": 2 * side, "height": 2 * side})
		if err != nil {
			t.Fatal(err)
		}
		defer noise.Close()
		n.Store(0)
		if err := noise["out"].(*vips.Image).SaveContext(ctx, saver, filepath.Join(t.TempDir(), "out"), vips.Args{"compression": "av1"}); err != nil {
			t.Fatal(err)
		}
		if n.Load() < 4 {
			t.Errorf("%s told of its progress %d times", saver, n.Load())
		}
	}
	n.Store(0)
	whole, err := slow.Materialise(ctx, 1<<30, "")
	if err != nil {
		t.Fatal(err)
	}
	if n.Load() < 2 {
		t.Errorf("materialising told of its progress %d times", n.Load())
	}
	n.Store(0)
	defer whole.Close()
	if err := whole.Save("pngsave", filepath.Join(t.TempDir(), "out.png"), nil); err != nil {
		t.Fatal(err)
	}
	if n.Load() != 0 {
		t.Error("an image in memory still tells the evaluation that made it")
	}
}
