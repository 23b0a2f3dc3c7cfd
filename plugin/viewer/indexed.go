package viewer

import (
	"context"
	"errors"
	"io"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/check/jpegscan"
)

// pyramid is a picture, as it is stored, at several sizes.
type pyramid interface {
	// size is that of the picture itself.
	size() (width, height int)
	// part is a part of the picture at a level, for the screen. The caller
	// closes it. f is the file that the pyramid is of.
	part(f *file, level int, r rectangle) (*vips.Image, error)
	// bytes is the memory that it holds.
	bytes() int64
	close()
}

// view is a pyramid with its file.
type view struct {
	*entry
	file *file
}

// upright is the picture's size at a level, turned upright.
func (p *view) upright(level int) (width, height int) {
	width, height = p.level(level)
	if p.file.orientation >= 5 {
		return height, width
	}
	return width, height
}

// level is the picture's size at a level, as stored.
func (p *view) level(level int) (width, height int) {
	w, h := p.pyramid.size()
	return smaller(w, level), smaller(h, level)
}

func smaller(n, level int) int { return (n-1)>>level + 1 }

// part is a part of the picture at a level, turned upright.
func (p *view) part(level int, r rectangle) (*vips.Image, error) {
	w, h := p.level(level)
	pixels, err := p.pyramid.part(p.file, level, r.stored(p.file.orientation, w, h))
	if err != nil {
		return nil, err
	}
	defer pixels.Close()
	return turned(pixels, p.file.orientation)
}

// indexed is a JPEG that parts are cut out of, and the picture at an eighth.
type indexed struct {
	index  *jpegscan.Index
	eighth *vips.Image
}

// cutLevels are the levels that a decoder makes of cut parts by itself; those
// above are made of the picture at an eighth.
const cutLevels = 3

func newIndexed(ctx context.Context, f *file) (pyramid, error) {
	index, err := jpegscan.NewIndex(io.NewSectionReader(f.File, 0, f.info.Size()), ctx.Err)
	if err != nil {
		return nil, err
	}
	if index.Eighth == nil {
		return nil, errors.New("its colours are not those of a screen")
	}
	raw, err := vips.FromMemory(index.Eighth, smaller(index.Width, 3), smaller(index.Height, 3), index.Bands, "uchar")
	if err != nil {
		return nil, err
	}
	defer raw.Close()
	index.Eighth = nil
	x := &indexed{index: index}
	if x.eighth, err = x.likeTheFile(f, raw); err != nil {
		return nil, err
	}
	return x, nil
}

// likeTheFile is raw with the file's colour profile.
func (x *indexed) likeTheFile(f *file, raw *vips.Image) (*vips.Image, error) {
	sample, err := x.cut(f, 0, rectangle{0, 0, 1, 1})
	if err != nil {
		return nil, err
	}
	defer sample.Close()
	if profile, ok := sample.Blob(vips.FieldICC); ok {
		return raw.WithBlob(vips.FieldICC, profile)
	}
	return raw.Ref(), nil
}

func (x *indexed) size() (int, int) { return x.index.Width, x.index.Height }

func (x *indexed) bytes() int64 { return x.eighth.Size() + x.index.Bytes() }

func (x *indexed) close() { x.eighth.Close() }

func (x *indexed) part(f *file, level int, r rectangle) (*vips.Image, error) {
	var pixels *vips.Image
	var err error
	if level < cutLevels {
		pixels, err = x.cut(f, level, r)
	} else {
		pixels, err = shrunk(x.eighth, level-cutLevels, r)
	}
	if err != nil {
		return nil, err
	}
	defer pixels.Close()
	return forScreen(pixels)
}

// cut decodes a part of the file.
func (x *indexed) cut(f *file, level int, r rectangle) (*vips.Image, error) {
	n := 1 << level
	left, top := r.left*n, r.top*n
	width, height := min(r.width*n, x.index.Width-left), min(r.height*n, x.index.Height-top)
	jpeg, dx, dy, err := x.index.Cut(f.File, left, top, width, height)
	if err != nil {
		return nil, err
	}
	out, err := vips.Call("jpegload_buffer", vips.Args{"buffer": jpeg, "shrink": n})
	if err != nil {
		return nil, err
	}
	defer out.Close()
	whole := out["out"].(*vips.Image)
	return whole.Do("extract_area", vips.Args{
		"left": dx / n, "top": dy / n, "width": min(r.width, whole.Width()-dx/n), "height": min(r.height, whole.Height()-dy/n),
	})
}

// shrunk is a part of p made 2ⁿ times smaller.
func shrunk(p *vips.Image, n int, r rectangle) (*vips.Image, error) {
	f := 1 << n
	left, top := r.left*f, r.top*f
	steps := []vips.Step{vips.Op("extract_area", vips.Args{
		"left": left, "top": top, "width": min(r.width*f, p.Width()-left), "height": min(r.height*f, p.Height()-top),
	})}
	if n > 0 {
		steps = append(steps, vips.Op("shrink", vips.Args{"hshrink": float64(f), "vshrink": float64(f), "ceil": true}))
	}
	return vips.Chain(p, steps...)
}
