package builtin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html"
	"os"
	"slices"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/colour"
	"github.com/burnish-photo/burnish/ops/libvips"
	"github.com/burnish-photo/burnish/ops/vips"
)

// watermarkConfig are the parameters of watermark.
type watermarkConfig struct {
	Text     string  `yaml:"text" help:"text to draw; use this or image"`
	Image    string  `yaml:"image" kind:"path" help:"image file below the configuration's folder; use this or text"`
	Position string  `yaml:"position" help:"position on the photo" enum:"centre,north,east,south,west,north-east,south-east,south-west,north-west"`
	Size     float64 `yaml:"size" help:"width, as a fraction of the photo's width" range:"0.01,1"`
	Margin   float64 `yaml:"margin" help:"distance from the edge, as a fraction of the photo's shorter side" range:"0,0.5"`
	Opacity  float64 `yaml:"opacity" help:"0: invisible, 1: opaque" range:"0,1"`
	Colour   rgb     `yaml:"colour" help:"colour of the text"`
	Font     string  `yaml:"font" help:"font of the text, as Pango names it"`
}

// positions are the places, each as the parts of the free width and height
// that lie before the mark.
var positions = map[string][2]float64{
	"centre": {0.5, 0.5}, "north": {0.5, 0}, "east": {1, 0.5}, "south": {0.5, 1}, "west": {0, 0.5},
	"north-east": {1, 0}, "south-east": {1, 1}, "south-west": {0, 1}, "north-west": {0, 0},
}

// watermarkSpec describes an operator that draws text or an image over a photo.
func watermarkSpec() ops.Spec {
	return ops.Spec{
		Name:       "watermark",
		Summary:    "draw text or an image over the photo",
		Example:    "watermark: {text: © Burnish, position: south-east}",
		Version:    2,
		Grid:       ops.MovesGrid, // its place is that of the photo as seen
		Sequential: true,
		Config: func() ops.Config {
			return &watermarkConfig{Position: "south-east", Size: 0.2, Margin: 0.03, Opacity: 0.5, Colour: rgb{255, 255, 255}, Font: "sans"}
		},
	}
}

// Validate reports neither or both of the marks, and text that cannot be written.
func (c *watermarkConfig) Validate() error {
	var errs []error
	if (c.Text == "") == (c.Image == "") {
		errs = append(errs, errors.New("watermark needs either text or an image"))
	}
	if c.Text != "" {
		if err := libvips.Writable(c.Text); err != nil {
			errs = append(errs, ops.Invalid("text", "%v", err))
		}
	}
	return errors.Join(errs...)
}

// Check reports a picture that is not there or that is none.
func (c *watermarkConfig) Check(env ops.Env) error {
	if c.Image == "" {
		return nil
	}
	path, err := libvips.Below(env.Folder, c.Image)
	if err == nil {
		_, err = vips.ReadHeader(path)
	}
	if err != nil {
		return ops.Invalid("image", "%v", err)
	}
	return nil
}

// Build makes the operator; the picture is read for every photo.
func (c *watermarkConfig) Build(_ context.Context, env ops.Env) (ops.Operator, error) {
	w := watermark{watermarkConfig: *c}
	if c.Image == "" {
		return w, nil
	}
	var err error
	if w.path, err = libvips.Below(env.Folder, c.Image); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(w.path)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(data)
	w.content = hex.EncodeToString(sum[:])
	return w, nil
}

type watermark struct {
	watermarkConfig
	path    string
	content string
}

// Fingerprint is that of the picture.
func (w watermark) Fingerprint() string { return w.content }

// Apply lays the mark over the photo, which keeps its bands and its format.
func (w watermark) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	if in[0].Pixels.Interpretation() == "cmyk" {
		return ops.Image{}, errors.New("a watermark needs an RGB or gray photo, this one is CMYK; put convert: {to: srgb} before it")
	}
	out, err := colour.Within(in[0].Pixels, w.lay)
	if err != nil {
		return ops.Image{}, err
	}
	return in[0].With(out), nil
}

// lay lays the mark over gray or RGB of 8 or 16 bits.
func (w watermark) lay(p *vips.Image) (*vips.Image, error) {
	mark, err := w.mark(p)
	if err != nil {
		return nil, fmt.Errorf("the mark: %w", err)
	}
	defer mark.Close()
	margin := w.Margin * float64(min(p.Width(), p.Height()))
	at := positions[w.Position]
	place := func(free, part float64) int { return int(margin + max(0, free-2*margin)*part) }
	laid, err := vips.Call("composite2", vips.Args{
		"base": p, "overlay": mark, "mode": "over",
		"x": place(float64(p.Width()-mark.Width()), at[0]), "y": place(float64(p.Height()-mark.Height()), at[1]),
	})
	if err != nil {
		return nil, err
	}
	defer laid.Close()
	return alike(laid["out"].(*vips.Image), p)
}

// alike gives laid the colour space, bands and format of p.
func alike(laid, p *vips.Image) (*vips.Image, error) {
	var steps []vips.Step
	if p.Bands() < 3 {
		steps = append(steps, vips.Op("colourspace", vips.Args{"space": p.Interpretation()}))
	}
	return vips.Chain(laid, append(steps,
		vips.Op("extract_band", vips.Args{"band": 0, "n": p.Bands()}),
		vips.Op("cast", vips.Args{"format": p.Format()}),
		vips.Op("copy", vips.Args{"interpretation": p.Interpretation()}))...)
}

// mark makes the text or the picture, with transparency, for a photo.
func (w watermark) mark(p *vips.Image) (*vips.Image, error) {
	width := max(1, int(w.Size*float64(p.Width())))
	var mark *vips.Image
	var err error
	if w.path != "" {
		mark, err = picture(w.path, width)
	} else {
		mark, err = w.words(width, max(1, p.Height()/4))
	}
	if err != nil {
		return nil, err
	}
	defer mark.Close()
	deep := p.Format() == "ushort"
	factors := []float64{1, 1, 1, w.Opacity}
	space, format := "srgb", "uchar"
	if deep {
		factors, space, format = []float64{257, 257, 257, 257 * w.Opacity}, "rgb16", "ushort"
	}
	return vips.Chain(mark,
		vips.Op("linear", vips.Args{"a": factors, "b": 0}),
		vips.Op("cast", vips.Args{"format": format}),
		vips.Op("copy", vips.Args{"interpretation": space}))
}

// words renders the text into a box, as large as it fits.
func (w watermark) words(width, height int) (*vips.Image, error) {
	out, err := vips.Call("text", vips.Args{"text": html.EscapeString(w.Text), "font": w.Font, "width": width, "height": height, "wrap": "none"})
	if err != nil {
		return nil, err
	}
	defer out.Close()
	ink, err := vips.Chain(out["out"].(*vips.Image), vips.Op("linear", vips.Args{"a": []float64{0, 0, 0}, "b": slices.Clone(w.Colour[:])}), vips.Op("cast", vips.Args{"format": "uchar"}))
	if err != nil {
		return nil, err
	}
	defer ink.Close()
	return join(ink, out["out"].(*vips.Image))
}

// picture reads a picture, through its profile, as 8-bit sRGB with
// transparency, width pixels wide.
func picture(path string, width int) (*vips.Image, error) {
	format, err := vips.Sniff(path)
	if err != nil {
		return nil, err
	}
	file, err := vips.Open(path, vips.Random)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	known, _, err := colour.Read(path, format, 0, file)
	if err != nil {
		return nil, err
	}
	defer known.Close()
	srgb, err := convert{To: "srgb", Intent: "relative"}.convert(known)
	if err != nil {
		return nil, err
	}
	defer srgb.Close()
	rgb, err := vips.Chain(srgb, vips.Op("colourspace", vips.Args{"space": "srgb"}), vips.Op("cast", vips.Args{"format": "uchar"}))
	if err != nil {
		return nil, err
	}
	defer rgb.Close()
	height := max(1, rgb.Height()*width/rgb.Width())
	scaled, err := scale(rgb, width, height)
	if err != nil || scaled.HasAlpha() {
		return scaled, err
	}
	defer scaled.Close()
	return scaled.Do("bandjoin_const", vips.Args{"c": []float64{255}})
}

func join(colours, alpha *vips.Image) (*vips.Image, error) {
	out, err := vips.Call("bandjoin", vips.Args{"in": []*vips.Image{colours, alpha}})
	if err != nil {
		return nil, err
	}
	return out["out"].(*vips.Image), nil
}
