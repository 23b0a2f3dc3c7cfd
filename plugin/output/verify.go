package output

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/check"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
)

// MaxDifference bounds the mean ΔE 2000 between a photo and an output, both
// through their profiles, on a low-pass of 64 cells along the longer side.
const MaxDifference = 2.0

// looseTolerance bounds what may come of an encoder that was asked to be coarse (a
// low quality, a small palette), of a conversion to sRGB of colours that it cannot
// hold, and of pictures of a few blocks.
const looseTolerance = 6.0

// smallSide is the shorter side, in pixels, below which a picture has few blocks.
const smallSide = 32

// verify reads the file back in full and compares it with what it should be:
// size, orientation, profile, metadata and colours.
func (w *encodeJob) verify(ctx context.Context, path string) error {
	began := time.Now()
	ops.Begin(ctx, ops.StageVerify)
	defer func() { ops.Recording(ctx).Spent(ops.StageVerify, time.Since(began)) }()
	written, err := vips.Open(path, vips.Sequential)
	if err != nil {
		return err
	}
	defer written.Close()
	if err := check.Size(written, w.pixels.Width(), w.height()); err != nil {
		return err
	}
	if o := written.Orientation(); o != 1 {
		return fmt.Errorf("its orientation is %d, not 1", o)
	}
	if err := check.Profile(written, w.pixels, w.request.Encoder.Format); err != nil {
		return err
	}
	if err := metadata.Verify(path, w.request.Encoder.Format, w.metadata); err != nil {
		return err
	}
	if w.request.pages > 0 {
		return w.verifyPages(path)
	}
	mean, err := w.reference.File(ctx, path, written)
	if err != nil {
		return err
	}
	ops.Note(ctx, "delta_e:"+filepath.Base(w.request.Path), fmt.Sprintf("%.2f", mean))
	if bound := w.bound(); !(mean <= bound) {
		return fmt.Errorf("its colours are off by a mean ΔE of %.1f, which may be %.1f", mean, bound)
	}
	return nil
}

// bound is how far the colours may be off.
func (w *encodeJob) bound() float64 {
	before, _ := w.given.Blob(vips.FieldICC)
	after, _ := w.pixels.Blob(vips.FieldICC)
	if min(w.pixels.Width(), w.pixels.Height()) < smallSide || w.given.Interpretation() != w.pixels.Interpretation() || !bytes.Equal(before, after) {
		return looseTolerance
	}
	return w.request.Encoder.bound()
}

// bound is what the encoder may do to the colours.
func (e Encoder) bound() float64 {
	_, args := e.saver()
	if q, ok := args["Q"].(int); ok && q < 30 {
		return looseTolerance
	}
	if depth, ok := args["bitdepth"].(int); ok && depth > 0 && depth < 8 || e.Format == "gif" || args["palette"] == true {
		return looseTolerance
	}
	return MaxDifference
}
