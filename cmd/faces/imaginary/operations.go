package imaginary

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/burnish-photo/burnish/ops/transform"
)

// operations make a step of an operation's parameters.
var operations = map[string]func(params) (step, error){
	"crop": func(p params) (step, error) {
		return p.sized(false, func(o *transform.Operation) { o.Crop = true })
	},
	"smartcrop": func(p params) (step, error) {
		return p.sized(false, func(o *transform.Operation) { o.Crop, o.Gravity = true, "smart" })
	},
	"resize": func(p params) (step, error) {
		return p.sized(false, func(o *transform.Operation) { o.Embed, o.Crop = true, p.cropSaid && !p.NoCrop })
	},
	"fit": func(p params) (step, error) {
		return p.sized(true, func(o *transform.Operation) { o.Embed, o.Fit = true, true })
	},
	"enlarge": func(p params) (step, error) {
		return p.sized(true, func(o *transform.Operation) { o.Enlarge, o.Crop = true, !p.NoCrop })
	},
	"thumbnail": func(p params) (step, error) {
		return p.sized(false, func(*transform.Operation) {})
	},
	"extract": func(p params) (step, error) {
		if p.AreaWidth == 0 || p.AreaHeight == 0 {
			return step{}, missing("areawidth or areaheight")
		}
		return p.step(area(p))
	},
	"rotate": func(p params) (step, error) {
		if p.Rotate == 0 {
			return step{}, missing("rotate")
		}
		return p.step()
	},
	"autorotate": func(params) (step, error) { return newParams().step() },
	"flip":       func(p params) (step, error) { return p.step(func(o *transform.Operation) { o.Flip = true }) },
	"flop":       func(p params) (step, error) { return p.step(func(o *transform.Operation) { o.Flop = true }) },
	"zoom":       zoom,
	"convert": func(p params) (step, error) {
		if p.Type == "" {
			return step{}, missing("type")
		}
		if _, ok := types[strings.ToLower(p.Type)]; !ok {
			return step{}, fmt.Errorf("Invalid image type: %s", shown(p.Type)) //nolint:staticcheck // as imaginary says it
		}
		return p.step()
	},
	"watermark":      watermark,
	"watermarkImage": watermarkImage,
	"watermarkimage": watermarkImage,
	"blur": func(p params) (step, error) {
		if p.Sigma == 0 && p.MinAmpl == 0 {
			return step{}, missing("sigma or minampl")
		}
		return p.step()
	},
	"restore": restore,
}

// step is what one operation asks for: a transformation or a restoration, and how
// its result is to be encoded.
type step struct {
	transform transform.Operation
	restore   *network
	params    params
}

// network is how a photo is restored.
type network struct {
	model    string
	strength float64
}

func missing(params string) error {
	return errors.New("Missing required param: " + params)
}

// sized is a step that needs a side, or both.
func (p params) sized(both bool, set func(*transform.Operation)) (step, error) {
	switch {
	case both && (p.Width == 0 || p.Height == 0):
		return step{}, missing("height, width")
	case p.Width == 0 && p.Height == 0:
		return step{}, missing("height or width")
	}
	return p.step(set)
}

// step has the parameters that all operations share, and what set adds.
func (p params) step(set ...func(*transform.Operation)) (step, error) {
	width, height, err := p.sides()
	if err != nil {
		return step{}, err
	}
	o := transform.Operation{
		Width: width, Height: height, Rotate: min(p.Rotate-p.Rotate%90, 270), Flip: p.Flip, Flop: p.Flop, Force: p.Force, Embed: p.Embed,
		Gravity: gravity(p.Gravity), Extend: extend(p.Extend), Background: p.Background, Blur: p.Sigma, MinAmplitude: min(p.MinAmpl, 1), Space: space(p.Space),
	}
	switch {
	case p.NoRotation && p.StripMeta:
		o.Orientation = "drop"
	case p.NoRotation:
		o.Orientation = "keep"
	}
	for _, f := range set {
		f(&o)
	}
	if err := transform.Check(o); err != nil {
		return step{}, err
	}
	return step{transform: o, params: p}, nil
}

func area(p params) func(*transform.Operation) {
	return func(o *transform.Operation) {
		o.Top, o.Left, o.AreaWidth, o.AreaHeight = p.Top, p.Left, p.AreaWidth, p.AreaHeight
	}
}

func zoom(p params) (step, error) {
	if p.Factor == 0 {
		return step{}, missing("factor")
	}
	enlarge := func(o *transform.Operation) { o.Zoom = p.Factor }
	if p.Top == 0 && p.Left == 0 {
		return p.step(enlarge)
	}
	if p.AreaWidth == 0 && p.AreaHeight == 0 {
		return step{}, missing("areawidth, areaheight")
	}
	return p.step(enlarge, area(p), func(o *transform.Operation) { o.Crop = p.cropSaid && !p.NoCrop })
}

func watermark(p params) (step, error) {
	if p.Text == "" {
		return step{}, missing("text")
	}
	return p.step(func(o *transform.Operation) {
		o.Text = transform.Text{
			Text: p.Text, Font: p.Font, DPI: p.DPI, Width: p.TextWidth, Margin: p.Margin,
			Opacity: min(p.Opacity, 1), Colour: p.Color, Once: p.NoReplicate,
		}
	})
}

// watermarkImage is refused: nothing is fetched for who sends a request.
func watermarkImage(p params) (step, error) {
	if p.Image == "" {
		return step{}, missing("image")
	}
	return step{}, fmt.Errorf("Unable to retrieve watermark image. %s: remote images are not enabled", shown(p.Image)) //nolint:staticcheck // as imaginary says it
}

// models are the names of models, not the paths of files.
var models = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// restore is Burnish's own operation.
func restore(p params) (step, error) {
	n := network{model: p.Model, strength: p.Strength}
	if n.model == "" {
		n.model = defaultModel
	}
	if !models.MatchString(n.model) {
		return step{}, fmt.Errorf("model must be the name of a model, such as %s, got %q", defaultModel, shown(p.Model))
	}
	if n.strength > 1 {
		return step{}, fmt.Errorf("strength must be a number from 0 to 1, got %v", n.strength)
	}
	return step{restore: &n, params: p}, nil
}

const defaultModel = "lite"

// gravity is the part that crop keeps; the middle by default.
func gravity(name string) string {
	switch name = strings.ToLower(strings.TrimSpace(name)); name {
	case "north", "east", "south", "west", "smart":
		return name
	}
	return ""
}

// extend is what embed adds. Where nothing is said it is copy, and mirror for
// names that nobody knows.
func extend(name string) string {
	switch said := strings.ToLower(strings.TrimSpace(name)); said {
	case "white", "black", "copy", "background":
		return said
	case "lastpixel":
		return "copy"
	}
	if name == "" {
		return ""
	}
	return "mirror"
}

func space(name string) string {
	if name == "bw" {
		return "b-w"
	}
	return ""
}
