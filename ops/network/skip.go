package network

import (
	"context"
	"math"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/network/tile"
	"github.com/burnish-photo/burnish/ops/vips"
)

// judged restores the photo, unless its judge leaves it alone; pixels are those
// of in, readable. What cannot be judged is restored.
func (o *Operator) judged(ctx context.Context, in ops.Image, pixels *vips.Image) (ops.Image, error) {
	if o.skip.Tiles == nil || in.Source == nil {
		return o.restored(ctx, in, pixels, "")
	}
	judge, why := o.skip.Tiles(in)
	if judge == nil {
		return o.restored(ctx, in, pixels, why)
	}
	if pixels.Width()*pixels.Height() <= wholePixels {
		return o.judgedWhole(ctx, in, judge)
	}
	err := o.sample(ctx, in.Source, judge)
	if ctx.Err() != nil {
		return ops.Image{}, context.Cause(ctx)
	}
	if err != nil {
		o.log.Debug("photo not judged, restoring it", "photo", in.Source.Path, "error", err)
		return o.restored(ctx, in, pixels, "not judged: "+err.Error())
	}
	why, skip := judge.Verdict()
	if skip {
		ops.Note(ctx, "left_alone", why)
		return in.Same(), nil
	}
	return o.restored(ctx, in, pixels, why)
}

// judgedWhole restores a small photo, at once, and judges it by all of that.
func (o *Operator) judgedWhole(ctx context.Context, in ops.Image, judge Judge) (ops.Image, error) {
	began := time.Now()
	original, err := in.Pixels.Materialise(ctx, math.MaxInt64, "")
	if err != nil {
		return ops.Image{}, err
	}
	ops.Recording(ctx).Spent(ops.StageDecode, time.Since(began))
	defer original.Close()
	copied := in
	copied.Pixels = original
	whole, err := readable(original)
	if err != nil {
		return ops.Image{}, err
	}
	defer whole.Close()
	lazy, err := o.restore(ctx, whole, seenBy(judge, whole))
	if err != nil {
		return ops.Image{}, err
	}
	defer lazy.Close()
	restored, err := lazy.Materialise(ctx, math.MaxInt64, "")
	if err != nil {
		return ops.Image{}, err
	}
	why, skip := judge.Verdict()
	if skip {
		restored.Close()
		ops.Note(ctx, "left_alone", why)
		return copied.Same(), nil
	}
	return o.finished(ctx, in, restored, why)
}

// seenBy shows a judge the tiles of photo; what lies beyond it is padding.
func seenBy(judge Judge, photo *vips.Image) observer {
	whole := tile.Rect{W: photo.Width(), H: photo.Height()}
	return func(in, out tile.Planar) { judge.Tile(in, out, in.Rect.Intersect(whole)) }
}
