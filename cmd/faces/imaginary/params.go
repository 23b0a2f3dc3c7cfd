package imaginary

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
)

// params are those of an operation that mean something.
type params struct {
	Width, Height                          int
	Top, Left, AreaWidth, AreaHeight       int
	Quality, Compression, Speed            int
	Rotate, Factor, Margin, DPI, TextWidth int

	Flip, Flop, Force, Embed            bool
	NoCrop, NoReplicate                 bool
	NoRotation, NoProfile, StripMeta    bool
	Interlace, Palette                  bool
	cropSaid                            bool // nocrop is there
	Opacity, Sigma, MinAmpl, Strength   float64
	Text, Font, Image, Type, Model      string
	AspectRatio, Extend, Gravity, Space string
	Color, Background                   []int
	operations                          string
}

var errValue = errors.New("unsupported value")

// setters take the value of a parameter, as JSON has it or as text.
var setters = map[string]func(*params, any) error{
	"width": whole(func(p *params) *int { return &p.Width }), "height": whole(func(p *params) *int { return &p.Height }),
	"top": whole(func(p *params) *int { return &p.Top }), "left": whole(func(p *params) *int { return &p.Left }),
	"areawidth": whole(func(p *params) *int { return &p.AreaWidth }), "areaheight": whole(func(p *params) *int { return &p.AreaHeight }),
	"quality": whole(func(p *params) *int { return &p.Quality }), "compression": whole(func(p *params) *int { return &p.Compression }),
	"speed": whole(func(p *params) *int { return &p.Speed }), "rotate": whole(func(p *params) *int { return &p.Rotate }),
	"factor": whole(func(p *params) *int { return &p.Factor }), "margin": whole(func(p *params) *int { return &p.Margin }),
	"dpi": whole(func(p *params) *int { return &p.DPI }), "textwidth": whole(func(p *params) *int { return &p.TextWidth }),

	"flip": flag(func(p *params) *bool { return &p.Flip }), "flop": flag(func(p *params) *bool { return &p.Flop }),
	"force": flag(func(p *params) *bool { return &p.Force }), "embed": flag(func(p *params) *bool { return &p.Embed }),
	"noreplicate": flag(func(p *params) *bool { return &p.NoReplicate }), "norotation": flag(func(p *params) *bool { return &p.NoRotation }),
	"noprofile": flag(func(p *params) *bool { return &p.NoProfile }), "stripmeta": flag(func(p *params) *bool { return &p.StripMeta }),
	"interlace": flag(func(p *params) *bool { return &p.Interlace }), "palette": flag(func(p *params) *bool { return &p.Palette }),
	"nocrop": func(p *params, v any) error {
		p.cropSaid = true
		return flag(func(p *params) *bool { return &p.NoCrop })(p, v)
	},

	"opacity": number(func(p *params) *float64 { return &p.Opacity }), "sigma": number(func(p *params) *float64 { return &p.Sigma }),
	"minampl": number(func(p *params) *float64 { return &p.MinAmpl }), "strength": number(func(p *params) *float64 { return &p.Strength }),

	"text": text(func(p *params) *string { return &p.Text }), "font": text(func(p *params) *string { return &p.Font }),
	"image": text(func(p *params) *string { return &p.Image }), "type": text(func(p *params) *string { return &p.Type }),
	"model": text(func(p *params) *string { return &p.Model }), "aspectratio": text(func(p *params) *string { return &p.AspectRatio }),
	"extend": text(func(p *params) *string { return &p.Extend }), "gravity": text(func(p *params) *string { return &p.Gravity }),
	"colorspace": text(func(p *params) *string { return &p.Space }),
	"color":      colour(func(p *params) *[]int { return &p.Color }), "background": colour(func(p *params) *[]int { return &p.Background }),
	"operations": text(func(p *params) *string { return &p.operations }),
}

// set takes one parameter; names that nobody knows mean nothing.
func (p *params) set(name string, value any) error {
	set, ok := setters[name]
	if !ok {
		return nil
	}
	if err := set(p, value); err != nil {
		return fmt.Errorf("error while processing parameter %q with value %q, error: %w", name, shown(value), err)
	}
	return nil
}

// shown is a value in a message.
func shown(value any) string {
	text := fmt.Sprint(value)
	if len(text) > 100 {
		text = text[:100] + "…"
	}
	return text
}

// fromQuery reads the parameters of a request.
func fromQuery(q url.Values) (params, error) {
	p := newParams()
	for name := range q {
		if err := p.set(name, q.Get(name)); err != nil {
			return p, err
		}
	}
	return p, nil
}

func newParams() params { return params{Strength: 1} }

// whole sets a number without its sign, rounded where it comes as text.
func whole(of func(*params) *int) func(*params, any) error {
	return func(p *params, value any) error {
		x, err := parseNumber(value)
		if _, ok := value.(string); ok {
			x = math.Floor(x + 0.5)
		}
		if err != nil || x > math.MaxInt32 {
			return errValue
		}
		*of(p) = int(x)
		return nil
	}
}

func number(of func(*params) *float64) func(*params, any) error {
	return func(p *params, value any) (err error) {
		*of(p), err = parseNumber(value)
		return err
	}
}

// parseNumber reads a number without its sign; "" is 0.
func parseNumber(value any) (x float64, err error) {
	switch v := value.(type) {
	case float64:
		x = v
	case string:
		if v == "" {
			return 0, nil
		}
		if x, err = strconv.ParseFloat(v, 64); err != nil {
			return 0, errValue
		}
	default:
		return 0, errValue
	}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return 0, errValue
	}
	return math.Abs(x), nil
}

func flag(of func(*params) *bool) func(*params, any) error {
	return func(p *params, value any) (err error) {
		switch v := value.(type) {
		case bool:
			*of(p) = v
		case string:
			if *of(p), err = v == "true", nil; v != "" {
				*of(p), err = strconv.ParseBool(v)
			}
			if err != nil {
				return errValue
			}
		default:
			return errValue
		}
		return nil
	}
}

func text(of func(*params) *string) func(*params, any) error {
	return func(p *params, value any) error {
		v, ok := value.(string)
		if !ok {
			return errValue
		}
		*of(p) = v
		return nil
	}
}

// colour reads numbers from 0 to 255 with commas between them. One that is
// larger is 255, what is no number is 0.
func colour(of func(*params) *[]int) func(*params, any) error {
	return func(p *params, value any) error {
		v, ok := value.(string)
		if !ok {
			return errValue
		}
		*of(p) = nil
		if v == "" {
			return nil
		}
		parts := strings.Split(v, ",")
		if len(parts) < 3 {
			return errValue
		}
		for _, part := range parts[:3] {
			n, _ := strconv.ParseUint(strings.TrimSpace(part), 10, 8) // 255 beside an error of range, else 0
			*of(p) = append(*of(p), int(n))
		}
		return nil
	}
}

// request is one operation of a pipeline.
type request struct {
	Operation     string         `json:"operation"`
	IgnoreFailure bool           `json:"ignore_failure"`
	Params        map[string]any `json:"params"`
}

// MaxOperations is how many a pipeline may have.
const MaxOperations = 10

// parseOperations reads the operations of a pipeline.
func parseOperations(data string) (requests []request, err error) {
	if len(data) < 2 {
		return nil, nil
	}
	d := json.NewDecoder(strings.NewReader(data))
	d.DisallowUnknownFields()
	return requests, d.Decode(&requests)
}

// params are the operation's own.
func (r request) params() (params, error) {
	p := newParams()
	for name, value := range r.Params {
		if err := p.set(name, value); err != nil {
			return p, err
		}
	}
	return p, nil
}

// sides are width and height, one of them by the ratio of the other, such as 16:9.
func (p *params) sides() (width, height int, err error) {
	width, height = p.Width, p.Height
	if p.AspectRatio == "" || (width == 0) == (height == 0) {
		return width, height, nil
	}
	a, b, ok := strings.Cut(strings.TrimSpace(p.AspectRatio), ":")
	across, err1 := strconv.Atoi(a)
	down, err2 := strconv.Atoi(b)
	if !ok || err1 != nil || err2 != nil || across < 1 || down < 1 || across > 10000 || down > 10000 {
		return 0, 0, fmt.Errorf("aspectratio must be two numbers such as 16:9, got %q", shown(p.AspectRatio))
	}
	if width != 0 {
		return width, width / across * down, nil
	}
	return height / down * across, height, nil
}
