package step

import (
	"fmt"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/condition"
	"github.com/burnish-photo/burnish/ops/network/onnx"
)

// values are the inputs of a network that take a number.
type values struct {
	inputs      []onnx.Value
	expressions map[string]*condition.Number
}

// of are the numbers for one photo; told says which and why.
func (v values) of(in ops.Image) (numbers []float64, told string, err error) {
	facts := condition.Of(in)
	var parts []string
	for _, input := range v.inputs {
		expression := v.expressions[input.Name]
		number, err := expression.Of(facts)
		if err != nil {
			return nil, "", fmt.Errorf("values.%s: %w", input.Name, err)
		}
		numbers = append(numbers, number)
		part := fmt.Sprintf("%s %.4g", input.Name, number)
		if why := expression.Told(facts); why != "" {
			part += " (" + why + ")"
		}
		parts = append(parts, part)
	}
	return numbers, strings.Join(parts, ", "), nil
}
