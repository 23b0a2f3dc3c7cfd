package opstest

import (
	"fmt"

	"github.com/burnish-photo/burnish/ops/vips"
)

// kind is a kind of photo.
type kind struct {
	width, height, bands int
	format, space        string
}

func (k kind) String() string {
	bits := 8
	if k.format == "ushort" {
		bits = 16
	}
	return fmt.Sprintf("%d×%d of %d bands %s, %d bits", k.width, k.height, k.bands, k.space, bits)
}

// kinds are the photos that the suite tries.
var kinds = []kind{
	{64, 48, 3, "uchar", "srgb"},
	{1, 1, 3, "uchar", "srgb"},
	{7, 5, 3, "uchar", "srgb"},
	{1, 33, 3, "uchar", "srgb"},
	{131, 67, 3, "uchar", "srgb"},
	{64, 48, 3, "ushort", "rgb16"},
	{64, 48, 4, "uchar", "srgb"},
	{63, 49, 4, "ushort", "rgb16"},
	{64, 48, 1, "uchar", "b-w"},
	{63, 49, 1, "ushort", "grey16"},
	{64, 48, 2, "uchar", "b-w"},
	{64, 48, 4, "uchar", "cmyk"},
	{63, 49, 5, "uchar", "cmyk"},
}

// photo is a photo of the kind, with metadata.
func (k kind) photo() (*vips.Image, error) {
	size := 1
	if k.format == "ushort" {
		size = 2
	}
	pixels := make([]byte, k.width*k.height*k.bands*size)
	for i := range pixels {
		x := uint32(i)*2654435761 + 12345
		pixels[i] = byte(x>>13)/2 + byte(i*3/(k.width*k.bands*size)) // noise upon a slope
	}
	plain, err := vips.FromMemory(pixels, k.width, k.height, k.bands, k.format)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	return described(plain, k.space)
}

// described is an image with an interpretation and metadata.
func described(p *vips.Image, space string) (*vips.Image, error) {
	named, err := vips.Chain(p, vips.Op("copy", vips.Args{"interpretation": space}),
		vips.SetBlob(vips.FieldXMP, []byte("<x:xmpmeta/>")), vips.SetBlob(vips.FieldIPTC, []byte("\x1c\x02\x05\x00\x01a")))
	if err != nil {
		return nil, err
	}
	defer named.Close()
	return named.WithInt(vips.FieldOrientation, 6)
}

// streamed is a photo of that size which is made as it is read, once, from the top.
func streamed(width, height int) (*vips.Image, error) {
	black, err := vips.Call("black", vips.Args{"width": width, "height": height})
	if err != nil {
		return nil, err
	}
	defer black.Close()
	p, err := black["out"].(*vips.Image).Strips(vips.Strips{Height: 16, Bands: 3, Interpretation: "srgb", Func: func(_, out vips.Rows) error {
		for y := out.Top; y < out.Top+out.Height; y++ {
			row := out.Row(y)
			for i := range row {
				row[i] = byte(i + y)
			}
		}
		return nil
	}})
	if err != nil {
		return nil, err
	}
	defer p.Close()
	return described(p, "srgb")
}
