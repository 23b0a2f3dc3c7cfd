package output

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/check/jpegscan"
	"github.com/burnish-photo/burnish/plugin/output/check/webp"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
)

// MaxDifference bounds the mean ΔE 2000 between a photo and an output, both
// through their profiles, on a low-pass of 64 cells along the longer side.
const MaxDifference = 2.0

// coarse bounds what may come of an encoder that was asked to be coarse (a low
// quality, a small palette), of a conversion to sRGB of colours that it cannot
// hold, and of pictures of a few blocks.
const coarse = 6.0

// few is the shorter side, in pixels, below which a picture has few blocks.
const few = 32

// manyBlocks is the shorter side, in pixels, from which on blocks tell the
// colours of a picture. In those at its edges pixels count that are outside of
// it, which in a smaller one matters.
const manyBlocks = 128

// verify reads the file back in full and compares it with what it should be:
// size, orientation, profile, metadata and colours.
func (w *encodeJob) verify(ctx context.Context, path string) error {
	written, err := vips.Open(path, vips.Sequential)
	if err != nil {
		return err
	}
	defer written.Close()
	if err := sized(written, w.pixels.Width(), w.height()); err != nil {
		return err
	}
	if o := written.Orientation(); o != 1 {
		return fmt.Errorf("its orientation is %d, not 1", o)
	}
	if err := w.sameProfile(written); err != nil {
		return err
	}
	if err := metadata.Verify(path, w.request.Encoder.Format, w.metadata); err != nil {
		return err
	}
	if w.request.pages > 0 {
		return w.verifyPages(path)
	}
	read, err := w.readBack(ctx, path, written)
	if err != nil {
		return err
	}
	return w.sameColours(ctx, written, read)
}

// readBack reads all of the file's pixels, for their low-pass: of a baseline
// JPEG that is not small every code of every block, of a small WebP by libwebp
// itself, of other files as they decode.
func (w *encodeJob) readBack(ctx context.Context, path string, written *vips.Image) (*sampler, error) {
	if w.blocks {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		m, err := jpegscan.Read(f, w.grid.cell)
		switch {
		case err == nil && (m.Width != written.Width() || m.Height != written.Height()):
			return nil, fmt.Errorf("it holds %d×%d pixels, not %d×%d", m.Width, m.Height, written.Width(), written.Height())
		case err == nil:
			return readSampler(w.grid, m), nil
		case !errors.Is(err, jpegscan.ErrOther):
			return nil, err
		}
	}
	if w.request.Encoder.Format == "webp" && sampled(written) {
		p, err := webp.Read(path, inMemory)
		switch {
		case err == nil && (p.Width != written.Width() || p.Height != written.Height() || p.Bands != written.Bands()):
			return nil, fmt.Errorf("it holds %d×%d pixels of %d bands, not %d×%d of %d", p.Width, p.Height, p.Bands, written.Width(), written.Height(), written.Bands())
		case err == nil:
			s := newSampler(w.grid, written)
			s.add(vips.Rows{Height: p.Height, Width: p.Width, Bands: p.Bands, Stride: p.Width * p.Bands, Pixels: p.Pixels})
			return s, nil
		case !errors.Is(err, webp.ErrOther):
			return nil, err
		}
	}
	return sample(ctx, written, w.grid)
}

// sameProfile wants the profile byte for byte, but of JPEG XL, which writes one
// of its own to the same effect.
func (w *encodeJob) sameProfile(written *vips.Image) error {
	want, wanted := w.pixels.Blob(vips.FieldICC)
	got, has := written.Blob(vips.FieldICC)
	if w.request.Encoder.Format == "jxl" || bytes.Equal(want, got) {
		return nil
	}
	switch {
	case !has:
		return errors.New("its colour profile is lost")
	case !wanted:
		return errors.New("it has a colour profile that should not be there")
	}
	return errors.New("ICC profile differs")
}

func (w *encodeJob) sameColours(ctx context.Context, written *vips.Image, read *sampler) error {
	if read == nil {
		return fmt.Errorf("it holds %s numbers (%s), whose colours are not compared", written.Format(), written.Interpretation())
	}
	mean, err := w.apart(read, written)
	if err != nil {
		return err
	}
	ops.Note(ctx, "delta_e:"+filepath.Base(w.request.Path), fmt.Sprintf("%.2f", mean))
	if bound := w.bound(); !(mean <= bound) {
		return fmt.Errorf("its colours are off by a mean ΔE of %.1f, which may be %.1f", mean, bound)
	}
	return nil
}

// apart is the mean ΔE between a low-pass, of an image like p, and that of the
// image that was given.
func (w *encodeJob) apart(s *sampler, p *vips.Image) (float64, error) {
	if len(s.counts) != len(w.sample.counts) || slices.Contains(s.counts, 0) || slices.Contains(w.sample.counts, 0) {
		return 0, errors.New("some rows were not seen")
	}
	if plain(w.given) && plain(p) {
		return plainDifference(w.sample, s), nil
	}
	before, err := w.sample.image(w.given)
	if err != nil {
		return 0, err
	}
	defer before.Close()
	after, err := s.image(p)
	if err != nil {
		return 0, err
	}
	defer after.Close()
	return difference(before, after)
}

// bound is how far the colours may be off.
func (w *encodeJob) bound() float64 {
	before, _ := w.given.Blob(vips.FieldICC)
	after, _ := w.pixels.Blob(vips.FieldICC)
	if min(w.pixels.Width(), w.pixels.Height()) < few || w.given.Interpretation() != w.pixels.Interpretation() || !bytes.Equal(before, after) {
		return coarse
	}
	return w.request.Encoder.bound()
}

// bound is what the encoder may do to the colours.
func (e Encoder) bound() float64 {
	_, args := e.saver()
	if q, ok := args["Q"].(int); ok && q < 30 {
		return coarse
	}
	if depth, ok := args["bitdepth"].(int); ok && depth > 0 && depth < 8 || e.Format == "gif" || args["palette"] == true {
		return coarse
	}
	return MaxDifference
}

// sound decodes the whole file and compares its size in pixels.
func sound(path string, width, height int) error {
	written, err := vips.Open(path, vips.Sequential)
	if err != nil {
		return err
	}
	defer written.Close()
	if err := sized(written, width, height); err != nil {
		return err
	}
	_, err = vips.Call("avg", vips.Args{"in": written})
	return err
}

func sized(p *vips.Image, width, height int) error {
	if p.Width() != width || p.Height() != height {
		return fmt.Errorf("it is %d×%d pixels, not %d×%d", p.Width(), p.Height(), width, height)
	}
	return nil
}
