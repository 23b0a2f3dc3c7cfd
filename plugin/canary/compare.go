package canary

import (
	"context"
	"fmt"
	"math"
	"os"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/journal"
)

// Compare holds an output that is about to be published against what it replaces,
// of which the journal tells. made is where it lies. What cannot be compared says
// why.
func Compare(ctx context.Context, f journal.File, made string) history.Compared {
	c := history.Compared{Path: f.To, After: f.Size, Equal: f.Equal()}
	switch {
	case f.Replaced == "":
		c.Reason = "there was none of its name"
		return c
	case c.Equal:
		c.Before = f.Size
		return c
	case f.Kept == "" || !f.Own:
		c.Reason = "what it replaces is not an earlier output"
		return c
	}
	info, err := os.Stat(f.Kept)
	if f.Folder || err == nil && info.IsDir() {
		c.Reason = "it is a folder"
		return c
	}
	if err == nil {
		c.Before, c.Kept, c.Hash = info.Size(), f.Kept, f.Replaced
	}
	psnr, err := likeness(ctx, f.Kept, made)
	switch {
	case err != nil:
		c.Reason = err.Error()
	case math.IsInf(psnr, 1): // other bytes, and the same pixels
		c.Equal = true
	default:
		c.PSNR = &psnr
	}
	return c
}

// likeness is the PSNR of two pictures in sRGB, in dB. Both are read once, from the
// top.
func likeness(ctx context.Context, before, after string) (float64, error) {
	a, err := plain(before)
	if err != nil {
		return 0, err
	}
	defer a.Close()
	b, err := plain(after)
	if err != nil {
		return 0, err
	}
	defer b.Close()
	if a.Width() != b.Width() || a.Height() != b.Height() {
		return 0, fmt.Errorf("%d×%d pixels, before %d×%d", b.Width(), b.Height(), a.Width(), a.Height())
	}
	if err := context.Cause(ctx); err != nil {
		return 0, err
	}
	difference, err := a.Do("subtract", vips.Args{"right": b})
	if err != nil {
		return 0, err
	}
	defer difference.Close()
	square, err := difference.Do("multiply", vips.Args{"right": difference})
	if err != nil {
		return 0, err
	}
	defer square.Close()
	out, err := vips.Call("avg", vips.Args{"in": square})
	if err != nil {
		return 0, err
	}
	mse, ok := out["out"].(float64)
	if !ok {
		return 0, fmt.Errorf("avg returned %v", out)
	}
	return 10 * math.Log10(255*255/mse), nil
}

// plain is a picture in three 8-bit sRGB bands, on white.
func plain(path string) (*vips.Image, error) {
	p, err := vips.Open(path, vips.Sequential)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	var steps []vips.Step
	if p.HasAlpha() {
		steps = append(steps, vips.Op("flatten", vips.Args{"background": 255.0}))
	}
	return vips.Chain(p, append(steps,
		vips.Op("colourspace", vips.Args{"space": "srgb"}),
		vips.Op("extract_band", vips.Args{"band": 0, "n": 3}),
		vips.Op("cast", vips.Args{"format": "uchar"}),
	)...)
}
