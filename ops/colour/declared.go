package colour

import (
	"bufio"
	"encoding/binary"
	"io"
	"math"

	"github.com/burnish-photo/burnish/ops/handle"
	"github.com/burnish-photo/burnish/ops/icc"
)

// declaration is what a file says of its colours beside the profile that the
// decoder hands over.
type declaration struct {
	format   string
	profiles [][]byte // as the file has them, in the order in which to try them
	lost     string   // why a profile in the file came to nothing
	cicp     *cicp
	png      pngColours
}

// declared reads a file's own words; nothing where it cannot be read.
func declared(path, format string) declaration {
	d := declaration{format: format}
	f, err := handle.Open(path)
	if err != nil {
		return d
	}
	defer f.Close()
	switch format {
	case "jpeg":
		d.profiles, d.lost = jpegProfiles(bufio.NewReader(f))
	case "png":
		d.png = pngDeclaration(bufio.NewReader(f))
		d.cicp = d.png.cicp
		if d.png.embedded {
			d.lost = "it is malformed"
		}
	case "avif", "heif":
		info, err := f.Stat()
		if err == nil {
			d.cicp, _ = isoColours(f, info.Size())
		}
	}
	return d
}

// profile is one that stands for what the file says in other ways, with a word
// for it; nil where the pixels are sRGB. why says what cannot be used.
func (d declaration) profile(space string) (profile []byte, from, why string) {
	switch {
	case d.cicp != nil:
		profile, from, why = d.cicp.profile(space)
		return profile, from + ", by the file's colour code points", why
	case d.format == "png" && !d.png.srgb:
		return d.png.profile(space)
	}
	return nil, "", ""
}

// maxHead bounds what is read of a file before its pixels, in chunks or boxes.
const maxHead = 4096

// pngColours are the chunks of a PNG that tell its colours (PNG, third edition,
// 11.3.2).
type pngColours struct {
	cicp       *cicp
	embedded   bool // it has an iCCP chunk
	srgb       bool
	gamma      float64 // of the encoder: 0.45455 for most; 0: not said
	primaries  icc.Primaries
	hasPrimary bool
}

// pngDeclaration reads the chunks before the pixels. What is malformed is
// passed over.
func pngDeclaration(r io.Reader) (p pngColours) {
	var signature [8]byte
	if _, err := io.ReadFull(r, signature[:]); err != nil || string(signature[:]) != "\x89PNG\r\n\x1a\n" {
		return p
	}
	for range maxHead {
		var head [8]byte
		if _, err := io.ReadFull(r, head[:]); err != nil {
			return p
		}
		size, name := int64(binary.BigEndian.Uint32(head[:])), string(head[4:])
		if name == "IDAT" || name == "IEND" {
			return p
		}
		var data []byte
		if size <= 64 {
			data = make([]byte, size)
			if _, err := io.ReadFull(r, data); err != nil {
				return p
			}
			size = 0
		}
		p.chunk(name, data)
		if _, err := io.CopyN(io.Discard, r, size+4); err != nil {
			return p
		}
	}
	return p
}

func (p *pngColours) chunk(name string, data []byte) {
	number := func(i int) float64 { return float64(binary.BigEndian.Uint32(data[4*i:])) / 100000 }
	switch {
	case name == "iCCP":
		p.embedded = true
	case name == "sRGB" && len(data) == 1:
		p.srgb = true
	case name == "cICP" && len(data) == 4:
		c := cicp{int(data[0]), int(data[1]), int(data[2]), data[3] == 1}
		if c.hdr() || c.matrix == 0 && c.full { // nothing but RGB of full range is decoded
			p.cicp = &c
		}
	case name == "gAMA" && len(data) == 4:
		p.gamma = number(0)
	case name == "cHRM" && len(data) == 32:
		p.hasPrimary = true
		p.primaries = icc.Primaries{
			White: [2]float64{number(0), number(1)}, Red: [2]float64{number(2), number(3)},
			Green: [2]float64{number(4), number(5)}, Blue: [2]float64{number(6), number(7)},
		}
	}
}

// profile is one made of gAMA and cHRM; nil where they are sRGB's.
func (p pngColours) profile(space string) (profile []byte, from, why string) {
	const leastGamma, mostGamma = 0.1, 10
	curve, primaries := icc.SRGBCurve, icc.SRGBPrimaries
	other := false
	if p.gamma != 0 && math.Abs(p.gamma*2.2-1) > 0.05 { // about 1/2.2 is how programs have always written sRGB
		if p.gamma < leastGamma || p.gamma > mostGamma {
			return nil, "", "colours left as sRGB: the file's gamma is out of range"
		}
		curve, other = icc.Gamma(1/p.gamma), true
	}
	if p.hasPrimary && !near(p.primaries, icc.SRGBPrimaries) && space == icc.RGB {
		primaries, other = p.primaries, true
	}
	switch {
	case !other, space != icc.RGB && space != icc.Gray:
		return nil, "", ""
	case space == icc.Gray:
		return icc.NewGray(curve, "PNG gAMA"), "by the file's gamma", ""
	}
	made, err := icc.New(primaries, curve, "PNG gAMA and cHRM")
	if err != nil {
		return nil, "", "colours left as sRGB: " + err.Error()
	}
	return made, "by the file's gamma and primaries", ""
}

// near reports whether primaries are the same but for how they were rounded.
func near(a, b icc.Primaries) bool {
	for _, pair := range [][2][2]float64{{a.Red, b.Red}, {a.Green, b.Green}, {a.Blue, b.Blue}, {a.White, b.White}} {
		if math.Abs(pair[0][0]-pair[1][0]) > 0.003 || math.Abs(pair[0][1]-pair[1][1]) > 0.003 {
			return false
		}
	}
	return true
}
