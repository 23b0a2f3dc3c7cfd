package network

import (
	"context"

	"github.com/burnish-photo/burnish/ops"
)

// ValuesFunc tells what a network's other inputs are given for a photo, in the order
// of [onnx.Form.Values], and says so in words.
type ValuesFunc func(in ops.Image) (numbers []float64, told string, err error)

// values are those for one photo.
type values struct {
	numbers []float64
	told    string
}

type valuesKey struct{}

// withValues finds the values for a photo; they stay the same for all of its tiles.
func (o *Operator) withValues(ctx context.Context, in ops.Image) (context.Context, error) {
	if o.values == nil {
		return ctx, nil
	}
	numbers, told, err := o.values(in)
	return context.WithValue(ctx, valuesKey{}, values{numbers, told}), err
}

func valuesOf(ctx context.Context) values {
	v, _ := ctx.Value(valuesKey{}).(values)
	return v
}
