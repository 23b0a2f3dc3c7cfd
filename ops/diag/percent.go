package diag

import (
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// Percent is a part of a whole, from 0 to 100. In a file it is written with its
// sign, such as 2%.
type Percent float64

// percentPattern is what a part looks like in a file, as a regular expression.
const percentPattern = `^[0-9]+(\.[0-9]+)? ?%$`

// ParsePercent reads a number with the sign %.
func ParsePercent(text string) (Percent, error) {
	number, signed := strings.CutSuffix(strings.TrimSpace(text), "%")
	n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if !signed || err != nil || !(n >= 0 && n <= 100) {
		return 0, fmt.Errorf("must be a percentage from 0%% to 100%%, such as 2%%, got %q", text)
	}
	return Percent(n), nil
}

// DecodeStrict reads a percentage.
func (p *Percent) DecodeStrict(node *yaml.Node) Diagnostics {
	err := fmt.Errorf("must be a percentage such as 2%%, got %s", Describe(node))
	if node.Kind == yaml.ScalarNode && node.Tag != "!!null" {
		*p, err = ParsePercent(node.Value)
	}
	if err != nil {
		return Diagnostics{At(node, "%s", err)}
	}
	return nil
}

// UnmarshalText reads a percentage, of a flag for instance.
func (p *Percent) UnmarshalText(text []byte) (err error) {
	*p, err = ParsePercent(string(text))
	return err
}

// JSONSchema describes percentages for editors.
func (Percent) JSONSchema() map[string]any {
	return map[string]any{"type": "string", "pattern": percentPattern}
}

// String is the number with its sign.
func (p Percent) String() string { return strconv.FormatFloat(float64(p), 'f', -1, 64) + "%" }

// MarshalText is what UnmarshalText reads back.
func (p Percent) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Part is the percentage as a part of 1.
func (p Percent) Part() float64 { return float64(p) / 100 }
