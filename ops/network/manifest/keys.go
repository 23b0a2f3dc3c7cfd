// Package manifest is what people say of an ONNX model that does not say it itself:
// in a YAML file beside it, in a property of its metadata, or in the step that names
// it. It opens no model.
package manifest

import (
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/burnish-photo/burnish/ops/diag"
	"gopkg.in/yaml.v3"
)

// Keys say how a network wants its image, and how it answers. What is not said, the
// zero value, is found out.
type Keys struct {
	Input    string   `yaml:"input" help:"the input that takes the photo, where there are several"`
	Output   string   `yaml:"output" help:"the output that is taken, where there are several; the others are ignored"`
	Layout   string   `yaml:"layout" help:"order of the dimensions: nchw has planes, nhwc pixels" enum:"nchw,nhwc,"`
	Channels string   `yaml:"channels" help:"what the channels are; y: luma alone, and the photo's chroma is passed on" enum:"rgb,bgr,y,"`
	Range    Interval `yaml:"range" help:"numbers for black and white in the input, such as [0, 1], [0, 255] or [-1, 1]" range:"-65536,65536"`
	Mean     Triple   `yaml:"mean" help:"mean that is taken off each channel, in the unit of range" range:"-65536,65536"`
	Std      Triple   `yaml:"std" help:"standard deviation that each channel is divided by after that" range:">0,65536"`
	// OutputRange is that of the answer where it is another; mean and std do not
	// apply to it.
	OutputRange Interval `yaml:"output_range" help:"numbers for black and white in the output, where they are others; mean and std then do not apply to it" range:"-65536,65536"`
	Scale       int      `yaml:"scale" help:"how many times as wide and high the output is" range:"0|1,8"`
	Multiple    int      `yaml:"multiple" help:"sides of the input must be multiples of this" range:"0|1,1024"`
	Size        Sides    `yaml:"size" help:"the only size in pixels that the input may have" range:"16,4096"`
	Tile        int      `yaml:"tile" help:"side in pixels of the tiles that the network sees; 0: 256" range:"0|16,4096"`
	Halo        int      `yaml:"halo" help:"pixels at the edges of a tile that are thrown away, since the network saw too little around them" range:"0|1,512"`
	Values      Values   `yaml:"values" help:"numbers for the other inputs, or expressions over the facts of the photo, as in when"`
}

// Interval is two numbers that rise; nil: not said.
type Interval []float64

// ParamType names the type in listings.
func (Interval) ParamType() string { return "interval" }

// JSONSchema describes it for editors.
func (Interval) JSONSchema() map[string]any { return numbers(2, nil) }

// DecodeStrict reads [low, high].
func (r *Interval) DecodeStrict(node *yaml.Node) diag.Diagnostics {
	faults := decodeNumbers(node, (*[]float64)(r), 2, "two numbers that rise, [low, high]")
	if len(faults) == 0 && len(*r) == 2 && (*r)[0] >= (*r)[1] {
		faults = append(faults, diag.At(node, "must be two numbers that rise, [low, high], got [%g, %g]", (*r)[0], (*r)[1]))
	}
	return faults
}

// Triple is a number for each channel, R first; nil: not said.
type Triple []float64

// ParamType names the type in listings.
func (Triple) ParamType() string { return "triple" }

// JSONSchema describes it for editors.
func (Triple) JSONSchema() map[string]any { return numbers(3, nil) }

// DecodeStrict reads [red, green, blue].
func (t *Triple) DecodeStrict(node *yaml.Node) diag.Diagnostics {
	return decodeNumbers(node, (*[]float64)(t), 3, "three numbers, [red, green, blue]")
}

// Sides are a width and a height in pixels; nil: not said.
type Sides []float64

// ParamType names the type in listings.
func (Sides) ParamType() string { return "sides" }

// JSONSchema describes it for editors.
func (Sides) JSONSchema() map[string]any {
	return numbers(2, map[string]any{"minimum": 16, "maximum": 4096})
}

// DecodeStrict reads [width, height].
func (s *Sides) DecodeStrict(node *yaml.Node) diag.Diagnostics {
	faults := decodeNumbers(node, (*[]float64)(s), 2, "a width and a height in pixels, [width, height]")
	for _, n := range *s {
		if len(faults) == 0 && n != float64(int(n)) {
			faults = append(faults, diag.At(node, "must be whole numbers of pixels, got %g", n))
		}
	}
	return faults
}

// Values are expressions by the name of an input; a number is one.
type Values map[string]string

// ParamType names the type in listings.
func (Values) ParamType() string { return "values" }

// JSONSchema describes it for editors.
func (Values) JSONSchema() map[string]any {
	return map[string]any{"type": "object", "additionalProperties": map[string]any{"type": []any{"number", "string"}}}
}

// Names are those of the inputs, in order.
func (v Values) Names() []string { return slices.Sorted(maps.Keys(v)) }

func numbers(n int, each map[string]any) map[string]any {
	item := map[string]any{"type": "number"}
	maps.Copy(item, each)
	return map[string]any{"type": "array", "items": item, "minItems": n, "maxItems": n}
}

func decodeNumbers(node *yaml.Node, into *[]float64, n int, what string) diag.Diagnostics {
	if node.Kind == yaml.ScalarNode && node.Tag == "!!null" {
		*into = nil
		return nil
	}
	if node.Kind != yaml.SequenceNode || len(node.Content) != n {
		return diag.Diagnostics{diag.At(node, "must be %s, got %s", what, diag.Describe(node))}
	}
	var all []float64
	faults := diag.Decode(node, &all)
	*into = all
	return faults
}

// Over is k with what it does not say taken from below.
func (k Keys) Over(below Keys) Keys {
	pick := func(a, b string) string {
		if a != "" {
			return a
		}
		return b
	}
	number := func(a, b int) int {
		if a != 0 {
			return a
		}
		return b
	}
	all := Keys{
		Input: pick(k.Input, below.Input), Output: pick(k.Output, below.Output), Layout: pick(k.Layout, below.Layout),
		Channels: pick(k.Channels, below.Channels), Scale: number(k.Scale, below.Scale), Multiple: number(k.Multiple, below.Multiple),
		Tile: number(k.Tile, below.Tile), Halo: number(k.Halo, below.Halo),
		Range: k.Range, Mean: k.Mean, Std: k.Std, OutputRange: k.OutputRange, Size: k.Size, Values: Values{},
	}
	if all.Range == nil {
		all.Range = below.Range
	}
	if all.Mean == nil {
		all.Mean = below.Mean
	}
	if all.Std == nil {
		all.Std = below.Std
	}
	if all.OutputRange == nil {
		all.OutputRange = below.OutputRange
	}
	if all.Size == nil {
		all.Size = below.Size
	}
	maps.Copy(all.Values, below.Values)
	maps.Copy(all.Values, k.Values)
	return all
}

// Said lists the keys that k says, with their values as text.
func (k Keys) Said() map[string]string {
	said := map[string]string{
		"input": k.Input, "output": k.Output, "layout": k.Layout, "channels": k.Channels,
		"range": list(k.Range), "mean": list(k.Mean), "std": list(k.Std), "output_range": list(k.OutputRange), "size": list(k.Size),
		"scale": whole(k.Scale), "multiple": whole(k.Multiple), "tile": whole(k.Tile), "halo": whole(k.Halo),
	}
	for name, text := range k.Values {
		said["values."+name] = text
	}
	maps.DeleteFunc(said, func(_, text string) bool { return text == "" })
	return said
}

func whole(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func list(all []float64) string {
	if all == nil {
		return ""
	}
	text := "["
	for i, n := range all {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%g", n)
	}
	return text + "]"
}
