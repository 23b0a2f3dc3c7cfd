package condition

import (
	"fmt"
	"math"
	"slices"

	"github.com/burnish-photo/burnish/ops/expression"
)

// Number is a compiled expression over the facts of a photo that is a number. It may
// be asked of several photos at a time.
type Number struct {
	expression *expression.Expression[environment]
}

// CompileNumber reads one. It may not ask which steps ran, nor for what
// a copy of the photo may have otherwise. Its error is an
// [*expression.Error].
func CompileNumber(text string) (*Number, error) {
	x, err := expression.CompileNumber[environment](text, expression.Function{
		Name: "ran", Usage: "ran() is known to when alone",
		Check: func(string) error { return fmt.Errorf("ran() is known to when alone") },
	})
	if err != nil {
		return nil, err
	}
	for _, name := range x.Names() {
		if slices.Contains(byPath, name) {
			return nil, &expression.Error{Line: 1, Column: 1, Message: fmt.Sprintf("%s is known to when alone: a photo of the same content has the same numbers, wherever it lies", name)}
		}
	}
	return &Number{x}, nil
}

// String is the expression as it was written.
func (n *Number) String() string { return n.expression.String() }

// Constant is its value where that depends on no photo.
func (n *Number) Constant() (value float64, ok bool) {
	if len(n.expression.Names()) > 0 {
		return 0, false
	}
	value, err := n.expression.Number(environment{})
	return value, err == nil
}

// Of is the number for one photo.
func (n *Number) Of(f *Facts) (float64, error) {
	var e environment
	if err := f.fill(&e, n.expression.Names()); err != nil {
		return 0, fmt.Errorf("%s: %w", n, err)
	}
	value, err := n.expression.Number(e)
	switch {
	case err != nil:
		return 0, err
	case math.IsNaN(value) || math.IsInf(value, 0):
		return 0, fmt.Errorf("%s: is no number for this photo (%s)", n, n.expression.Told(e))
	}
	return value, nil
}

// Told lists the facts that decide, as [Condition.Told] does.
func (n *Number) Told(f *Facts) string {
	var e environment
	if err := f.fill(&e, n.expression.Names()); err != nil {
		return ""
	}
	return n.expression.Told(e)
}
