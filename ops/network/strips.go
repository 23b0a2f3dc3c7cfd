package network

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/network/tile"
	"github.com/burnish-photo/burnish/ops/vips"
)

// strips makes the function that restores a photo's strips as libvips asks for
// them. It is called by one thread at a time.
func strips[T tile.Sample](d division, j *job) func(in, out vips.Rows) error {
	joiner := d.joiner()
	return func(in, out vips.Rows) error {
		ops.Recording(j.ctx).Spent(ops.StageDecode, in.Waited)
		k := out.Top / (d.height * j.scale)
		if s := d.strip(k).Times(j.scale); out.Top != s.Y || out.Height != s.H || out.Width != s.W {
			return fmt.Errorf("rows %d to %d are not strip %d of the plan", out.Top, out.Top+out.Height-1, k)
		}
		src, dst := pixels[T](in), pixels[T](out)
		if err := passOthers(dst, src, j.scale); err != nil {
			return err
		}
		load := func(w tile.Planar) error { return tile.Load(w, src, d.w, d.h, d.pad) }
		var faults []error
		err := joiner.Strip(k, func(tiles []tile.Tile, done func(tile.Planar)) error {
			return j.restore(tiles, load, done)
		}, func(w tile.Planar, part tile.Rect) {
			if err := tile.Store(dst, w, part); err != nil {
				faults = append(faults, err)
			}
		})
		return errors.Join(append(faults, err)...)
	}
}

// passOthers copies the bands that are not restored.
func passOthers[T tile.Sample](dst, src tile.Pixels[T], scale int) error {
	switch {
	case dst.Bands == 1 || dst.Bands == 3:
		return nil
	case scale > 1:
		return tile.EnlargeRest(dst, src, scale)
	}
	return tile.Copy(dst, src, dst.Rect)
}

// pixels sees rows as samples. Their memory and its rows are aligned to those.
func pixels[T tile.Sample](r vips.Rows) tile.Pixels[T] {
	var sample T
	size := int(unsafe.Sizeof(sample))
	return tile.Pixels[T]{
		Rect:   tile.Rect{X: 0, Y: r.Top, W: r.Width, H: r.Height},
		Bands:  r.Bands,
		Stride: r.Stride / size,
		Pix:    unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(r.Pixels))), len(r.Pixels)/size),
	}
}
