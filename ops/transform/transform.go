// Package transform is the operator of servers that cut and scale photos by
// request: a list of operations, each of which turns, zooms, scales, crops or
// extends, blurs and writes upon the photo, in this order. It plans the first
// scaling before anything is decoded, so that a decoder may do a part of it.
//
// The meaning of its parameters is that of h2non/bimg, whose users' requests it
// is to answer. Package cmd/faces/imaginary knows those.
package transform

import (
	"context"
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/libvips"
)

// Limits of what an operation may make.
const (
	MaxSide   = 16383       // pixels
	MaxPixels = 100_000_000 // also of what is scaled before it is cropped
	MaxBlur   = 250         // pixels that one is blurred over, to each side
	MaxText   = 64_000_000  // characters, times the area of one in pixels
)

// Config are the operator's parameters.
type Config struct {
	Operations []Operation `yaml:"operations" help:"one after the other"`
}

// Operation turns, zooms, scales, crops or extends, blurs and writes upon a photo,
// as far as its parameters ask for it.
type Operation struct {
	Orientation string `yaml:"orientation" help:"turn: as EXIF says; keep: leave it to later; drop: forget it" enum:"turn,keep,drop,"`
	Rotate      int    `yaml:"rotate" help:"clockwise, in degrees; in place of what EXIF says" enum:"0,90,180,270"`
	Flip        bool   `yaml:"flip" help:"mirror left and right"`
	Flop        bool   `yaml:"flop" help:"mirror top and bottom"`

	Zoom    int    `yaml:"zoom" help:"repeat every pixel so many times more" range:"0,128"`
	Width   int    `yaml:"width" help:"in pixels; 0: by the height" range:"0,16383"`
	Height  int    `yaml:"height" help:"in pixels; 0: by the width" range:"0,16383"`
	Fit     bool   `yaml:"fit" help:"width and height are a box to fit into"`
	Crop    bool   `yaml:"crop" help:"fill width and height and cut off the rest"`
	Embed   bool   `yaml:"embed" help:"fit into width and height and extend the rest"`
	Force   bool   `yaml:"force" help:"take width and height whatever the shape becomes"`
	Enlarge bool   `yaml:"enlarge" help:"enlarge photos that are smaller, too"`
	Gravity string `yaml:"gravity" help:"what crop keeps" enum:"centre,north,east,south,west,smart,"`
	Extend  string `yaml:"extend" help:"what embed adds" enum:"black,white,copy,mirror,background,"`

	Left       int `yaml:"left" help:"of an area to cut out, in pixels" range:"0,"`
	Top        int `yaml:"top" help:"of an area to cut out, in pixels" range:"0,"`
	AreaWidth  int `yaml:"area_width" help:"of an area to cut out, in pixels; 0: none" range:"0,"`
	AreaHeight int `yaml:"area_height" help:"of an area to cut out, in pixels; 0: none" range:"0,"`

	Blur         float64 `yaml:"blur" help:"standard deviation of a Gaussian, in pixels" range:"0,"`
	MinAmplitude float64 `yaml:"min_amplitude" help:"where the Gaussian is cut off; 0: 0.2" range:"0,1"`

	Text       Text   `yaml:"text" help:"text to write upon the photo"`
	Background []int  `yaml:"background" help:"red, green and blue" range:"0,255"`
	Flatten    bool   `yaml:"flatten" help:"lay transparent photos on the background, which is black by default"`
	Space      string `yaml:"space" help:"colour space of the result" enum:"srgb,b-w,"`

	Optional bool `yaml:"optional" help:"where it fails, go on without"`
}

// Text is written upon a photo, again and again.
type Text struct {
	Text    string  `yaml:"text" help:"what to write; \"\": nothing"`
	Font    string  `yaml:"font" help:"as Pango names it, with its size"`
	DPI     int     `yaml:"dpi" help:"that the size of the font is meant for" range:"0,1200"`
	Width   int     `yaml:"width" help:"of the lines, in pixels; 0: a sixth of the photo's" range:"0,16383"`
	Margin  int     `yaml:"margin" help:"right of the text and below, in pixels; 0: as wide as the lines" range:"0,16383"`
	Opacity float64 `yaml:"opacity" help:"1: opaque; 0: 0.25" range:"0,1"`
	Colour  []int   `yaml:"colour" help:"red, green and blue; default: black" range:"0,255"`
	Once    bool    `yaml:"once" help:"write it once only"`
}

// Spec describes the operator.
func Spec() ops.Spec {
	return ops.Spec{
		Name:    "transform",
		Summary: "turn, scale, crop, extend, blur and write upon the photo, as requests to imaginary ask for",
		Example: "transform: {operations: [{width: 1024, height: 1024, fit: true}]}",
		Version: 1,
		// It sees the photo as it is stored, and turns it where that costs least.
		Grid:       ops.NeedsGrid,
		Sequential: true,
		Config:     func() ops.Config { return &Config{} },
	}
}

// Validate reports operations that are without bounds or make no sense.
func (c *Config) Validate() error {
	var errs []error
	for i := range c.Operations {
		for param, err := range c.Operations[i].faults() {
			errs = append(errs, ops.Invalid(fmt.Sprintf("operations.%d.%s", i, param), "%v", err))
		}
	}
	return errors.Join(errs...)
}

// Check finds the faults of operations that were made in code.
func Check(operations ...Operation) error { return diag.Check(&Config{Operations: operations}) }

func (o *Operation) faults() map[string]error {
	faults := map[string]error{}
	for param, colour := range map[string][]int{"background": o.Background, "text.colour": o.Text.Colour} {
		if len(colour) != 0 && len(colour) != 3 {
			faults[param] = fmt.Errorf("must be three numbers, got %d", len(colour))
		}
		for _, v := range colour {
			if v < 0 || v > 255 {
				faults[param] = fmt.Errorf("must be numbers from 0 to 255, got %d", v)
			}
		}
	}
	if radius := o.blurRadius(); !(radius <= MaxBlur) {
		faults["blur"] = fmt.Errorf("must blur over %d pixels to each side at most, got %.0f", MaxBlur, radius)
	}
	if err := o.Text.fault(); err != nil {
		faults["text"] = err
	}
	return faults
}

// blurRadius is how far the Gaussian reaches before it is cut off. Rounding lets
// one reach farther whose cut is near 1.
func (o *Operation) blurRadius() float64 {
	return o.Blur * math.Sqrt(-2*math.Log(min(o.minAmplitude(), 0.999)))
}

func (o *Operation) minAmplitude() float64 {
	if o.MinAmplitude == 0 {
		return 0.2
	}
	return o.MinAmplitude
}

func (t *Text) fault() error {
	if t.Text == "" {
		return nil
	}
	if !utf8.ValidString(t.Text) || !utf8.ValidString(t.Font) {
		return errors.New("must be UTF-8")
	}
	points, ok := t.size()
	if !ok {
		return fmt.Errorf("its font must be words and a size, such as \"sans bold 12\", got %q", t.Font)
	}
	side := points * float64(t.dpi()) / 72
	if area := float64(utf8.RuneCountInString(t.Text)) * side * side; !(area <= MaxText) {
		return fmt.Errorf("%d characters of the size %.0f at %d dpi are more than there is room for: %d pixels in all", utf8.RuneCountInString(t.Text), points, t.dpi(), MaxText)
	}
	return libvips.Writable(t.Text)
}

// Build makes the operator.
func (c *Config) Build(_ context.Context, env ops.Env) (ops.Operator, error) {
	return &operator{operations: c.Operations, inMemory: env.InMemory, scratch: env.Scratch}, nil
}
