package output

import (
	"encoding/binary"
	"errors"
	"sync"
	"unsafe"

	"github.com/burnish-photo/burnish/ops/vips"
)

// sampler takes a low-pass of an image as it streams by: the means of a grid of
// cells, over some of their rows. Transparent pixels count as laid on white.
type sampler struct {
	width, height, bands int // bands without transparency
	alpha                bool
	cell, step           int
	columns, rows        int

	mu     sync.Mutex
	seen   map[int]bool // rows
	sums   []float64
	counts []float64
}

const gridSide = 64 // cells

// tee is p with a sampler in its stream; no sampler for pixels other than of 8
// or 16 bits. The caller closes the image.
func tee(p *vips.Image) (*vips.Image, *sampler, error) {
	format := p.Format()
	if p.Coding() != "none" || format != "uchar" && format != "ushort" {
		return p.Ref(), nil, nil
	}
	s := &sampler{width: p.Width(), height: p.Height(), bands: p.Bands(), alpha: p.HasAlpha(), seen: map[int]bool{}}
	if s.alpha {
		s.bands--
	}
	s.cell = max(8, (max(s.width, s.height)+gridSide-1)/gridSide)
	s.step = max(1, s.cell/8)
	s.columns, s.rows = (s.width+s.cell-1)/s.cell, (s.height+s.cell-1)/s.cell
	s.sums = make([]float64, s.columns*s.rows*s.bands)
	s.counts = make([]float64, s.columns*s.rows)
	streamed, err := p.Strips(vips.Strips{Height: 64, Func: func(in, out vips.Rows) error {
		for y := out.Top; y < out.Top+out.Height; y++ {
			row := in.Row(y)
			copy(out.Row(y), row)
			if y%s.step == 0 {
				s.add(y, row, format == "ushort")
			}
		}
		return nil
	}})
	return streamed, s, err
}

// add counts a row once, values on a scale of 16 bits.
func (s *sampler) add(y int, row []byte, deep bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen[y] {
		return
	}
	s.seen[y] = true
	if deep {
		values := unsafe.Slice((*uint16)(unsafe.Pointer(&row[0])), len(row)/2)
		addRow(s, y, values, 1)
	} else {
		addRow(s, y, row, 257)
	}
}

// addRow adds a row's values, times scale, to their cells.
func addRow[T uint8 | uint16](s *sampler, y int, row []T, scale float64) {
	stride := s.bands
	if s.alpha {
		stride++
	}
	for c := range s.columns {
		at := (y/s.cell)*s.columns + c
		from, to := c*s.cell, min((c+1)*s.cell, s.width)
		sums := s.sums[at*s.bands : (at+1)*s.bands]
		s.counts[at] += float64(to - from)
		cell := row[from*stride : to*stride]
		if s.alpha {
			addOnWhite(sums, cell, scale)
			continue
		}
		for b := range sums {
			total := 0
			for i := b; i < len(cell); i += stride {
				total += int(cell[i])
			}
			sums[b] += float64(total) * scale
		}
	}
}

// addOnWhite adds pixels whose last value is their opacity.
func addOnWhite[T uint8 | uint16](sums []float64, cell []T, scale float64) {
	for at := 0; at < len(cell); at += len(sums) + 1 {
		opacity := float64(cell[at+len(sums)]) * scale / 65535
		for b := range sums {
			sums[b] += float64(cell[at+b])*scale*opacity + 65535*(1-opacity)
		}
	}
}

// image is the low-pass with the meaning and the profile of p. The caller
// closes it.
func (s *sampler) image(p *vips.Image) (*vips.Image, error) {
	var pixels []byte
	for at, n := range s.counts {
		if n == 0 {
			return nil, errors.New("some rows were not seen")
		}
		for b := range s.bands {
			pixels = binary.NativeEndian.AppendUint16(pixels, uint16(s.sums[at*s.bands+b]/n+0.5))
		}
	}
	grid, err := vips.FromMemory(pixels, s.columns, s.rows, s.bands, "ushort")
	if err != nil {
		return nil, err
	}
	defer grid.Close()
	meaning := p.Interpretation()
	switch {
	case meaning == "cmyk":
	case s.bands < 3:
		meaning = "grey16"
	default:
		meaning = "rgb16"
	}
	typed, err := grid.Do("copy", vips.Args{"interpretation": meaning})
	if err != nil {
		return nil, err
	}
	defer typed.Close()
	profile, _ := p.Blob(vips.FieldICC)
	return typed.WithBlob(vips.FieldICC, profile)
}

// lab is an image in CIE Lab through its profile, or where it has none, or one
// that does not fit, as sRGB or by the profile of a common press. The caller
// closes it.
func lab(p *vips.Image) (*vips.Image, error) {
	args := vips.Args{"embedded": true, "pcs": "lab", "intent": intent(p)}
	if p.Interpretation() == "cmyk" {
		args["input_profile"], args["black_point_compensation"] = "cmyk", true
		return p.Do("icc_import", args)
	}
	if _, tagged := p.Blob(vips.FieldICC); tagged {
		if out, err := p.Do("icc_import", args); err == nil {
			return out, nil
		}
	}
	plain, err := p.Without(vips.FieldICC)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	colours, err := plain.Do("colourspace", vips.Args{"space": "rgb16"})
	if err != nil {
		return nil, err
	}
	defer colours.Close()
	args["input_profile"], args["intent"] = "srgb", "relative"
	return colours.Do("icc_import", args)
}

// difference is the mean ΔE 2000 of two images of one size in Lab.
func difference(a, b *vips.Image) (float64, error) {
	see := lab
	if plain(a) && plain(b) {
		see = plainLab
	}
	var labs [2]*vips.Image
	for i, p := range []*vips.Image{a, b} {
		l, err := see(p)
		if err != nil {
			return 0, err
		}
		defer l.Close()
		labs[i] = l
	}
	d, err := labs[0].Do("dE00", vips.Args{"right": labs[1]})
	if err != nil {
		return 0, err
	}
	defer d.Close()
	out, err := vips.Call("avg", vips.Args{"in": d})
	if err != nil {
		return 0, err
	}
	mean, _ := out["out"].(float64)
	return mean, nil
}

// plain reports whether an image is sRGB or gray without a profile.
func plain(p *vips.Image) bool {
	_, tagged := p.Blob(vips.FieldICC)
	return !tagged && p.Interpretation() != "cmyk"
}

// plainLab is an untagged image in CIE Lab. Its white is another than a
// profile's, which does not matter between two of them, and it costs a tenth.
func plainLab(p *vips.Image) (*vips.Image, error) {
	return p.Do("colourspace", vips.Args{"space": "lab"})
}
