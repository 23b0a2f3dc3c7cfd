// Package sampling measures operators: how long they take for a megapixel here
// and now, on a sample. It knows no pipeline.
package sampling

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
)

// side is that of the picture which operators are measured on, in pixels.
const side = 512

// Rates are the seconds a megapixel that operators take. The zero value is ready;
// it is safe for concurrent use.
type Rates struct{ byOperator sync.Map }

// Of is the seconds a megapixel that an operator takes, from one run on a
// sample.
func (m *Rates) Of(ctx context.Context, o ops.Operator, images int) (float64, error) {
	key := fmt.Sprintf("%p %T %d", o, o, images)
	if known, ok := m.byOperator.Load(key); ok {
		return known.(float64), nil
	}
	in := make([]ops.Image, images)
	for i := range in {
		p, err := sample()
		if err != nil {
			return 0, err
		}
		defer p.Close()
		in[i] = ops.Image{Pixels: p}
	}
	began := time.Now()
	out, err := o.Apply(ctx, in)
	if err == nil {
		defer out.Close()
		_, err = out.Pixels.Pixels()
	}
	r := time.Since(began).Seconds() / (side * side / 1e6)
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if err != nil { // made for pictures of another kind
		r = 0.02
	}
	m.byOperator.Store(key, r)
	return r, nil
}

// sample is a ramp with some noise.
func sample() (*vips.Image, error) {
	random := rand.New(rand.NewPCG(1, 2))
	pixels := make([]byte, side*side*3)
	for i := range pixels {
		pixels[i] = byte(40 + i/3%side/3 + int(random.NormFloat64()*6))
	}
	plain, err := vips.FromMemory(pixels, side, side, 3, "uchar")
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	return plain.Do("copy", vips.Args{"interpretation": "srgb"})
}
