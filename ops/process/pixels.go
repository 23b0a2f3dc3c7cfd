package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/burnish-photo/burnish/ops/process/wire"
	"github.com/burnish-photo/burnish/ops/vips"
)

// eachRows calls do with all rows of p, from the top down, some at a time. They
// are read once, so p may stream from a file.
func eachRows(ctx context.Context, p *vips.Image, do func(rows vips.Rows) error) error {
	next := 0
	passing, err := p.Strips(vips.Strips{Height: 64, Bands: 1, Format: "uchar", Interpretation: "b-w", Func: func(in, out vips.Rows) error {
		if in.Top > next {
			return fmt.Errorf("rows from %d on came before those from %d on", in.Top, next)
		}
		if in.Top < next { // made again, for a thread that is behind
			return nil
		}
		next += in.Height
		return do(in)
	}})
	if err != nil {
		return err
	}
	defer passing.Close()
	return passing.Drain(ctx)
}

// store keeps rows of pixels in memory, or in a file without a name where they
// are many.
type store struct {
	limit  int64 // bytes that stay in memory
	folder string
	memory []byte
	file   *os.File
	size   int64
}

// newStore keeps size bytes.
func newStore(size, inMemory int64, folder string) (*store, error) {
	s := &store{limit: inMemory, folder: folder}
	if size <= inMemory {
		s.memory = make([]byte, 0, size)
		return s, nil
	}
	file, err := os.CreateTemp(folder, vips.ScratchPattern)
	if err != nil {
		return nil, err
	}
	s.file = file
	return s, os.Remove(file.Name())
}

func (s *store) Write(p []byte) (int, error) {
	s.size += int64(len(p))
	if s.file != nil {
		return s.file.Write(p)
	}
	s.memory = append(s.memory, p...)
	return len(p), nil
}

// ReadAt reads what was written.
func (s *store) ReadAt(p []byte, at int64) (int, error) {
	if s.file != nil {
		return s.file.ReadAt(p, at)
	}
	if at > int64(len(s.memory)) {
		return 0, io.EOF
	}
	n := copy(p, s.memory[at:])
	if n < len(p) {
		return n, io.ErrUnexpectedEOF
	}
	return n, nil
}

func (s *store) close() {
	if s.file != nil {
		s.file.Close()
	}
	s.memory = nil
}

// pixels are the pixels kept, as an image of that kind. It takes the store over.
func (s *store) pixels(width, height int, like kind) (*vips.Image, error) {
	row := width * like.bands
	if like.format == "ushort" {
		row *= 2
	}
	if want := int64(row) * int64(height); s.size != want {
		s.close()
		return nil, fmt.Errorf("%d bytes of pixels for %d×%d, which are %d", s.size, width, height, want)
	}
	if s.file == nil {
		defer s.close()
		return vips.FromMemory(s.memory, width, height, like.bands, like.format)
	}
	black, err := vips.Call("black", vips.Args{"width": width, "height": height})
	if err != nil {
		s.close()
		return nil, err
	}
	defer black.Close()
	return black["out"].(*vips.Image).Strips(vips.Strips{
		Height: 64, Cheap: true, Bands: like.bands, Format: like.format, Interpretation: like.space,
		Func: func(_, out vips.Rows) error {
			var errs []error
			for y := out.Top; y < out.Top+out.Height; y++ {
				_, err := s.ReadAt(out.Row(y)[:row], int64(y)*int64(row))
				errs = append(errs, err)
			}
			return errors.Join(errs...)
		},
		Done: s.close,
	})
}

// layout are the pixels kept, as what a program is sent. It takes the store over.
func (s *store) layout(l wire.Layout) (*vips.Image, error) {
	format, deep := "uchar", l.Depth == 16
	if deep {
		format = "ushort"
	}
	space := map[string]string{"gray": "b-w", "rgb": "srgb", "cmyk": "cmyk"}[l.Colour]
	if deep && l.Colour != "cmyk" {
		space = map[string]string{"gray": "grey16", "rgb": "rgb16"}[l.Colour]
	}
	p, err := s.pixels(l.Width, l.Height, kind{l.Bands, format, space})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return p.Do("copy", vips.Args{"interpretation": space})
}

// kind is what the pixels of an image are.
type kind struct {
	bands         int
	format, space string
}

// image is the answer as an image like the photo; alpha is what was held back of
// it, or nil. It takes both stores over.
func (a *answer) image(alpha *store, like *vips.Image) (*vips.Image, error) {
	bands := a.exchange.answered()
	plain, err := a.pixels.pixels(a.layout.Width, a.layout.Height, kind{bands, like.Format(), like.Interpretation()})
	if err != nil {
		if alpha != nil {
			alpha.close()
		}
		return nil, err
	}
	defer plain.Close()
	if alpha == nil {
		return plain.Like(like)
	}
	held, err := alpha.pixels(a.layout.Width, a.layout.Height, kind{1, like.Format(), "b-w"})
	if err != nil {
		return nil, err
	}
	defer held.Close()
	joined, err := vips.Call("bandjoin", vips.Args{"in": []*vips.Image{plain, held}})
	if err != nil {
		return nil, err
	}
	defer joined.Close()
	return joined["out"].(*vips.Image).Like(like)
}
