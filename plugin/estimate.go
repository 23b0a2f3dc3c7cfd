package plugin

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/graph"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/naming"
)

// Seconds a megapixel for decoding and encoding, on a core of some years ago;
// what verifying and publishing a file adds.
var (
	decoding   = map[string]float64{"jpeg": 0.01, "png": 0.04, "webp": 0.03, "tiff": 0.02, "heif": 0.1, "avif": 0.1, "jxl": 0.15}
	encoding   = map[string]float64{"jpeg": 0.02, "png": 0.12, "webp": 0.15, "tiff": 0.08, "heic": 1, "avif": 1, "jxl": 0.4, "gif": 0.4, "tiles": 0.2}
	publishing = 0.03
)

// estimate adds up the seconds that a plan takes.
type estimate struct {
	engine *Engine
	plan   *Plan
}

func (s *estimate) add(ctx context.Context, f graph.Preview, targets []naming.Target) error {
	pixels := megapixels(f.Out.Pixels)
	if f.Operator == nil {
		s.plan.Seconds += pixels * decoding[f.Out.Source.Format]
	} else if f.Runs && len(f.In) > 0 {
		r, err := s.engine.rates.of(ctx, f.Operator, len(f.In))
		if err != nil {
			return err
		}
		s.plan.Seconds += megapixels(f.In[0].Pixels) * r
	}
	for _, t := range f.Sinks {
		s.plan.Seconds += publishing + pixels*encoding[targets[t].Format]
	}
	return nil
}

// Estimate is what a pipeline takes for one photo.
type Estimate struct {
	Pixels float64 // that networks compute, with what tiles repeat
	MACs   float64 // multiply-accumulates of networks; 0 where that is not known
	Memory int64   // bytes, beside what the process holds before
}

// Estimate predicts what a pipeline takes for a photo of w×h pixels of
// pixelBytes bytes.
func (e *Engine) Estimate(pipeline string, w, h, pixelBytes int) (Estimate, error) {
	p, ok := e.pipelines[pipeline]
	if !ok {
		return Estimate{}, fmt.Errorf("there is no pipeline %q", pipeline)
	}
	cost := p.graph.EstimateCost(w, h, pixelBytes)
	return Estimate{Pixels: cost.Pixels, MACs: cost.MACs, Memory: e.memory.Predict(p.mixed, p.demand(w, h, pixelBytes).EstimateMemory())}, nil
}

func megapixels(p *vips.Image) float64 { return float64(p.Width()) * float64(p.Height()) / 1e6 }

// sampleSide is that of the picture which operators are measured on, in pixels.
const sampleSide = 512

// rates are the seconds a megapixel that operators take.
type rates struct{ byOperator sync.Map }

// of is the seconds a megapixel that an operator takes, from one run on a
// sample.
func (m *rates) of(ctx context.Context, o ops.Operator, images int) (float64, error) {
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
	r := time.Since(began).Seconds() / (sampleSide * sampleSide / 1e6)
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
	pixels := make([]byte, sampleSide*sampleSide*3)
	for i := range pixels {
		pixels[i] = byte(40 + i/3%sampleSide/3 + int(random.NormFloat64()*6))
	}
	plain, err := vips.FromMemory(pixels, sampleSide, sampleSide, 3, "uchar")
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	return plain.Do("copy", vips.Args{"interpretation": "srgb"})
}
