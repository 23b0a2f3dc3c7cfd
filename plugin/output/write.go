package output

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
)

// Stage encodes img as the file path, under a temporary name beside it, reads
// it back in full and syncs it. A photo that nothing was done to, in the format
// that it came in, is copied byte for byte. The caller publishes or discards
// the result.
func (o Owner) Stage(ctx context.Context, img ops.Image, e Encoder, path string) (_ *Staged, err error) {
	if img.AsRead && img.Source.Format == e.Format && img.Source.Orientation == 1 {
		return o.stageSource(img, path)
	}
	s, err := o.reserve(path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.Discard()
		}
	}()
	pixels, err := prepare(img.Pixels, e.Format)
	if err != nil {
		return nil, err
	}
	defer pixels.Close()
	saver, args := e.saver()
	if err := pixels.SaveContext(ctx, saver, s.temporary, args); err != nil {
		return nil, err
	}
	if err := verify(s.temporary, pixels.Width(), pixels.Height()); err != nil {
		return nil, fmt.Errorf("the %s that was written does not read back: %w", e.Format, err)
	}
	return s, s.seal()
}

// stageSource stages a copy of the source, which has to be sound.
func (o Owner) stageSource(img ops.Image, path string) (*Staged, error) {
	s, err := o.StageCopy(img.Source.Path, path)
	if err != nil {
		return nil, err
	}
	if err := verify(s.temporary, img.Source.Width, img.Source.Height); err != nil {
		s.Discard()
		return nil, err
	}
	return s, nil
}

// stale is metadata that is no longer true of the pixels: the camera's
// embedded thumbnail shows neither the restored nor the turned photo.
var stale = []string{"jpeg-thumbnail-data"}

// prepare fits an image to what the format can hold: no CMYK but in JPEG and
// TIFF, and for JPEG no transparency, which becomes white. The caller closes it.
func prepare(p *vips.Image, format string) (*vips.Image, error) {
	clean, err := p.Without(stale...)
	if err != nil {
		return nil, err
	}
	switch {
	case p.Interpretation() == "cmyk" && format != "jpeg" && format != "tiff":
		defer clean.Close()
		return clean.Do("icc_transform", vips.Args{"output_profile": "srgb", "input_profile": "cmyk", "embedded": true})
	case p.HasAlpha() && format == "jpeg":
		defer clean.Close()
		return clean.Do("flatten", vips.Args{"background": []float64{white(p.Format())}})
	}
	return clean, nil
}

// white is full scale in a sample format.
func white(format string) float64 {
	if format == "ushort" {
		return 65535
	}
	return 255
}

// verify decodes the whole file and compares its size in pixels.
func verify(path string, width, height int) error {
	written, err := vips.Open(path, vips.Sequential)
	if err != nil {
		return err
	}
	defer written.Close()
	if written.Width() != width || written.Height() != height {
		return fmt.Errorf("it is %d×%d pixels, not %d×%d", written.Width(), written.Height(), width, height)
	}
	_, err = vips.Call("avg", vips.Args{"in": written})
	return err
}

// StageCopy stages a copy of the file from as path.
func (o Owner) StageCopy(from, path string) (*Staged, error) {
	s, err := o.reserve(path)
	if err != nil {
		return nil, err
	}
	err = copyFile(from, s.temporary)
	if err == nil {
		err = s.seal()
	}
	if err != nil {
		s.Discard()
		return nil, err
	}
	return s, nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
