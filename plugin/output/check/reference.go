package check

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/check/jpegscan"
	"github.com/burnish-photo/burnish/plugin/output/check/webp"
)

// Reference is what an image looks like, to compare the file that it becomes
// with: a low-pass of 64 cells along the longer side, taken as the encoder reads
// the pixels.
type Reference struct {
	format string
	image  *vips.Image
	blocks bool // the low-pass of the file is that of its blocks
	grid   grid // of the image's low-pass
	taken  *lowPass
}

// blockwiseSide is the shorter side, in pixels, from which on blocks tell the
// colours of a picture. In those at its edges pixels count that are outside of
// it, which in a smaller one matters.
const blockwiseSide = 128

// NewReference is one of an image that becomes a file of that format. The image
// stays the caller's, who closes it once the reference is done with.
func NewReference(p *vips.Image, format string) *Reference {
	blocks := format == "jpeg" && min(p.Width(), p.Height()) >= blockwiseSide
	return &Reference{format: format, image: p, blocks: blocks, grid: newGrid(p.Width(), p.Height(), blocks)}
}

// Tee is the image to encode: as its pixels are read, the reference is taken of
// them. The caller closes it.
func (r *Reference) Tee() (streamed *vips.Image, err error) {
	streamed, r.taken, err = tee(r.image, r.grid)
	return streamed, err
}

// Taken reports whether there is something to compare with: none is taken of
// pixels but those of 8 or 16 bits.
func (r *Reference) Taken() bool { return r.taken != nil }

// File is the mean ΔE 2000 between the image and the file at path, which written
// has open, both through their profiles. All of the file's pixels are read.
func (r *Reference) File(ctx context.Context, path string, written *vips.Image) (float64, error) {
	read, err := r.readBack(ctx, path, written)
	if err != nil {
		return 0, err
	}
	if read == nil || r.taken == nil {
		return 0, fmt.Errorf("it holds %s numbers (%s), whose colours are not compared", written.Format(), written.Interpretation())
	}
	return r.difference(read, written)
}

// Image is the mean ΔE 2000 between the image and another of its size; false
// where none can be told.
func (r *Reference) Image(ctx context.Context, other *vips.Image) (mean float64, ok bool, err error) {
	read, err := takeLowPass(ctx, other, r.grid)
	if err != nil || read == nil || r.taken == nil {
		return 0, false, err
	}
	mean, err = r.difference(read, other)
	return mean, err == nil, err
}

// readBack reads all of the file's pixels, for their low-pass: of a baseline
// JPEG that is not small every code of every block, of a small WebP by libwebp
// itself, of other files as they decode.
func (r *Reference) readBack(ctx context.Context, path string, written *vips.Image) (*lowPass, error) {
	if r.blocks {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		m, err := jpegscan.Read(f, r.grid.cell)
		switch {
		case err == nil && (m.Width != written.Width() || m.Height != written.Height()):
			return nil, fmt.Errorf("it holds %d×%d pixels, not %d×%d", m.Width, m.Height, written.Width(), written.Height())
		case err == nil:
			return scannedLowPass(r.grid, m), nil
		case !errors.Is(err, jpegscan.ErrOther):
			return nil, err
		}
	}
	if r.format == "webp" && hasLowPass(written) {
		p, err := webp.Read(path, inMemory)
		switch {
		case err == nil && (p.Width != written.Width() || p.Height != written.Height() || p.Bands != written.Bands()):
			return nil, fmt.Errorf("it holds %d×%d pixels of %d bands, not %d×%d of %d", p.Width, p.Height, p.Bands, written.Width(), written.Height(), written.Bands())
		case err == nil:
			s := newLowPass(r.grid, written)
			s.add(vips.Rows{Height: p.Height, Width: p.Width, Bands: p.Bands, Stride: p.Width * p.Bands, Pixels: p.Pixels})
			return s, nil
		case !errors.Is(err, webp.ErrOther):
			return nil, err
		}
	}
	return takeLowPass(ctx, written, r.grid)
}

// difference is the mean ΔE between a low-pass, of an image like p, and that of the
// image that was given.
func (r *Reference) difference(s *lowPass, p *vips.Image) (float64, error) {
	if len(s.counts) != len(r.taken.counts) || slices.Contains(s.counts, 0) || slices.Contains(r.taken.counts, 0) {
		return 0, errors.New("some rows were not seen")
	}
	if plain(r.image) && plain(p) {
		return plainDifference(r.taken, s), nil
	}
	before, err := r.taken.image(r.image)
	if err != nil {
		return 0, err
	}
	defer before.Close()
	after, err := s.image(p)
	if err != nil {
		return 0, err
	}
	defer after.Close()
	return meanDifference(before, after)
}
