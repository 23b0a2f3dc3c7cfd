package plugin

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/graph"
	"github.com/burnish-photo/burnish/ops/vips"
)

// Seconds a megapixel for decoding and encoding, on a core of some years ago;
// what verifying and publishing a file adds.
var (
	decoding   = map[string]float64{"jpeg": 0.01, "png": 0.04, "webp": 0.03, "tiff": 0.02, "heif": 0.1, "avif": 0.1, "jxl": 0.15}
	encoding   = map[string]float64{"jpeg": 0.02, "png": 0.12, "webp": 0.15, "tiff": 0.08, "heic": 1, "avif": 1, "jxl": 0.4, "gif": 0.4, "tiles": 0.2}
	publishing = 0.03
)

// restMB is what a photo takes beside what is kept whole or measured: buffers
// of codecs and of libvips.
const restMB = 60

// rate is what an operator costs.
type rate struct {
	seconds float64 // a megapixel
	mb      float64 // for one photo
}

// estimate adds up a plan's cost.
type estimate struct {
	engine *Engine
	plan   *Plan
}

func newEstimate(e *Engine, plan *Plan) *estimate {
	plan.Megabytes = restMB
	return &estimate{engine: e, plan: plan}
}

func (s *estimate) add(ctx context.Context, f graph.Foreseen, w *work) error {
	pixels := megapixels(f.Out.Pixels)
	if f.Operator == nil {
		s.plan.Seconds += pixels * decoding[f.Out.Source.Format]
	} else if f.Runs && len(f.In) > 0 {
		r, err := s.engine.measured(ctx, f.Operator, len(f.In))
		if err != nil {
			return err
		}
		s.plan.Seconds += megapixels(f.In[0].Pixels) * r.seconds
		s.plan.Megabytes += r.mb
	}
	if size := f.Out.Pixels.Size(); f.Whole && size <= inMemory {
		s.plan.Megabytes += float64(size) / 1e6
	}
	for _, t := range f.Taps {
		s.plan.Seconds += publishing + pixels*encoding[w.targets[t].encoder.Format]
	}
	return nil
}

func megapixels(p *vips.Image) float64 { return float64(p.Width()) * float64(p.Height()) / 1e6 }

// sampleSide is that of the picture which operators are measured on, in pixels.
const sampleSide = 512

// measured runs an operator on a sample, once.
func (e *Engine) measured(ctx context.Context, o ops.Operator, images int) (rate, error) {
	key := fmt.Sprintf("%p %T %d", o, o, images)
	if known, ok := e.rates.Load(key); ok {
		return known.(rate), nil
	}
	in := make([]ops.Image, images)
	for i := range in {
		p, err := sample()
		if err != nil {
			return rate{}, err
		}
		defer p.Close()
		in[i] = ops.Image{Pixels: p}
	}
	before := peak()
	began := time.Now()
	out, err := o.Apply(ctx, in)
	if err == nil {
		defer out.Close()
		_, err = out.Pixels.Pixels()
	}
	r := rate{seconds: time.Since(began).Seconds() / (sampleSide * sampleSide / 1e6), mb: max(0, peak()-before)}
	if ctx.Err() != nil {
		return rate{}, context.Cause(ctx)
	}
	if err != nil { // made for pictures of another kind
		r = rate{seconds: 0.02}
	}
	e.rates.Store(key, r)
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

// peak is the most memory in megabytes that this process has held; 0 where
// that cannot be told.
func peak() float64 {
	debug.FreeOSMemory()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kb); n == 1 {
			return kb / 1e3
		}
	}
	return 0
}
