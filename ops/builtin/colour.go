package builtin

import (
	"fmt"
	"strconv"

	"github.com/burnish-photo/burnish/ops/diag"
	"gopkg.in/yaml.v3"
)

// rgb is red, green and blue, 0 to 255, in the photo's own encoding.
type rgb [3]float64

var named = map[string]rgb{"black": {}, "white": {255, 255, 255}}

// ParamType names the type in listings.
func (rgb) ParamType() string { return "colour" }

// DecodeStrict reads "#rrggbb", white, black, or a list of three numbers.
func (c *rgb) DecodeStrict(node *yaml.Node) diag.Diagnostics {
	wrong := diag.Diagnostics{diag.At(node, `must be a colour as "#rrggbb" (in quotes), white, black or [red, green, blue] of 0 to 255, got %s`, diag.Describe(node))}
	if node.Kind == yaml.SequenceNode {
		var list []float64
		if faults := diag.Decode(node, &list); len(faults) > 0 || len(list) != len(c) {
			return wrong
		}
		for i, x := range list {
			if x < 0 || x > 255 {
				return wrong
			}
			c[i] = x
		}
		return nil
	}
	known, ok := named[node.Value]
	if node.Kind != yaml.ScalarNode || !ok && (len(node.Value) != 7 || node.Value[0] != '#') {
		return wrong
	}
	if ok {
		*c = known
		return nil
	}
	value, err := strconv.ParseUint(node.Value[1:], 16, 32)
	if err != nil {
		return wrong
	}
	*c = rgb{float64(value >> 16), float64(value >> 8 & 255), float64(value & 255)}
	return nil
}

// MarshalYAML writes the one form that all others of this colour mean.
func (c rgb) MarshalYAML() (any, error) { return [3]float64(c), nil }

func (c rgb) String() string {
	return fmt.Sprintf("#%02x%02x%02x", int(c[0]), int(c[1]), int(c[2]))
}
