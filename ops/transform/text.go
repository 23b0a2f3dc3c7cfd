package transform

import (
	"html"
	"regexp"
	"strconv"
	"strings"

	"github.com/burnish-photo/burnish/ops/vips"
)

// What is written where nothing else is asked for.
const (
	defaultFont    = "sans 10"
	defaultSize    = 12 // points of a font that names none
	defaultDPI     = 150
	defaultOpacity = 0.25
	indent         = 100 // pixels left of the text and above, the margin at most
)

func (t *Text) font() string {
	if t.Font == "" {
		return defaultFont
	}
	return t.Font
}

func (t *Text) dpi() int {
	if t.DPI == 0 {
		return defaultDPI
	}
	return t.DPI
}

// fonts are the descriptions that are taken: words, and a size at the end. Pango
// reads more, such as sizes in hexadecimal.
var fonts = regexp.MustCompile(`^[\p{L}\p{N} ,._+'-]{1,100}$`)

// sizes are those of fonts, in points or pixels.
var sizes = regexp.MustCompile(`^([0-9]{1,4}(?:\.[0-9]{1,3})?)(?:px)?$`)

// size is that of the font; false where Pango may take it otherwise.
func (t *Text) size() (float64, bool) {
	font := t.font()
	words := strings.FieldsFunc(font, func(r rune) bool { return r == ' ' || r == ',' })
	if !fonts.MatchString(font) || len(words) == 0 {
		return 0, false
	}
	last := words[len(words)-1]
	if m := sizes.FindStringSubmatch(last); m != nil {
		n, err := strconv.ParseFloat(m[1], 64)
		return n, err == nil && n > 0
	}
	if _, err := strconv.ParseFloat(last, 64); err == nil || strings.ContainsAny(last[:1], "0123456789.+-") || strings.HasPrefix(strings.ToLower(last), "nan") || strings.HasPrefix(strings.ToLower(last), "inf") {
		return 0, false
	}
	return defaultSize, true
}

// write writes a text upon the pixels.
func (s *state) write(t *Text) error {
	if err := s.keep(); err != nil {
		return err
	}
	mask, err := s.mask(t)
	if err != nil {
		return err
	}
	defer mask.Close()
	ink, err := s.ink(t)
	if err != nil {
		return err
	}
	defer ink.Close()
	out, err := vips.Call("ifthenelse", vips.Args{"cond": mask, "in1": ink, "in2": s.pixels, "blend": true})
	if err != nil {
		return err
	}
	defer out.Close()
	s.whole = false
	return s.become(out["out"].(*vips.Image).Like(s.pixels))
}

// mask is how opaque the text is, over the whole image.
func (s *state) mask(t *Text) (*vips.Image, error) {
	width, margin, opacity := t.Width, t.Margin, t.Opacity
	if width == 0 {
		width = max(1, s.size.width/6)
	}
	if margin == 0 {
		margin = width
	}
	if opacity == 0 {
		opacity = defaultOpacity
	}
	out, err := vips.Call("text", vips.Args{"text": html.EscapeString(t.Text), "font": t.font(), "dpi": t.dpi(), "width": width})
	if err != nil {
		return nil, err
	}
	defer out.Close()
	text := out["out"].(*vips.Image)
	steps := []vips.Step{
		vips.Op("linear", vips.Args{"a": opacity, "b": 0.0}),
		vips.Op("cast", vips.Args{"format": "uchar"}),
		vips.Op("embed", vips.Args{"x": min(indent, margin), "y": min(indent, margin), "width": text.Width() + margin, "height": text.Height() + margin}),
	}
	w, h := s.size.width, s.size.height
	if t.Once {
		steps = append(steps, vips.Op("embed", vips.Args{"x": 0, "y": 0, "width": max(w, text.Width()+margin), "height": max(h, text.Height()+margin)}))
	} else {
		steps = append(steps, vips.Op("replicate", vips.Args{"across": 1 + w/(text.Width()+margin), "down": 1 + h/(text.Height()+margin)}))
	}
	return vips.Chain(text, append(steps, vips.Op("extract_area", vips.Args{"left": 0, "top": 0, "width": w, "height": h}))...)
}

// ink is an image in the text's colour.
func (s *state) ink(t *Text) (*vips.Image, error) {
	colour := []float64{0, 0, 0}
	for i, v := range t.Colour {
		colour[i] = float64(v)
	}
	if s.pixels.HasAlpha() {
		colour = append(colour, 255)
	}
	black, err := vips.Call("black", vips.Args{"width": 1, "height": 1, "bands": len(colour)})
	if err != nil {
		return nil, err
	}
	defer black.Close()
	return vips.Chain(black["out"].(*vips.Image),
		vips.Op("linear", vips.Args{"a": 1.0, "b": colour}),
		vips.Op("cast", vips.Args{"format": "uchar"}),
		vips.Op("copy", vips.Args{"interpretation": s.pixels.Interpretation()}),
		vips.Op("embed", vips.Args{"x": 0, "y": 0, "width": s.size.width, "height": s.size.height, "extend": "copy"}))
}
