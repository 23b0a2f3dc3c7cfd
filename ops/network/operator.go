package network

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/tile"
	"github.com/burnish-photo/burnish/ops/vips"
)

// Operator restores photos with one model, or with several that are averaged.
// It is an [ops.Operator], [ops.BuildFingerprinter], [ops.Describer],
// [ops.CostEstimator] and [io.Closer], safe for concurrent use.
type Operator struct {
	name      string
	contracts []onnx.Contract // of the models
	tiling    tiling
	scale     int     // of the restored photo to the photo
	drift     float64 // see [check]
	values    ValuesFunc
	devices   *devices

	strength float64
	skip     Skip
	finish   Finish
	log      *slog.Logger
	results  results
	once     sync.Once
}

// BuildFingerprint tells apart operators that make other pixels of the same photo:
// by what the models compute, whatever else their files say, and how photos are
// cut for them.
func (o *Operator) BuildFingerprint() string {
	var models []string
	for _, c := range o.contracts {
		text := fmt.Sprintf("%s %d %g,%g %s", c.Computes, c.Multiple, c.RangeLow, c.RangeHigh, c.Colour)
		if form := c.Form; c.Scale > 1 || c.Fixed != [2]int{} || !reflect.DeepEqual(form, onnx.Form{}) {
			for i := range form.Values { // what a test gives changes no photo
				form.Values = slices.Clone(form.Values)
				form.Values[i].Test = 0
			}
			text += fmt.Sprintf(" %d %v %+v", c.Scale, c.Fixed, form)
		}
		models = append(models, text)
	}
	return fmt.Sprintf("%s %s", strings.Join(models, "+"), o.tiling)
}

// Describe names the models and the device that they run on, and why it is not
// the one that somebody asked for.
func (o *Operator) Describe() string {
	text := fmt.Sprintf("%s %s on %s", o.name, o.joined(" + ", modelName), o.devices)
	if why := o.devices.fallback; why != "" && o.devices.asked {
		text += " (" + why + ")"
	}
	return text
}

func modelName(c onnx.Contract) string { return strings.TrimSpace(c.Name + " " + c.Version) }

// joined lists something of every model.
func (o *Operator) joined(separator string, tell func(onnx.Contract) string) string {
	var all []string
	for _, c := range o.contracts {
		all = append(all, tell(c))
	}
	return strings.Join(all, separator)
}

// Close gives the models back. Photos on their way must have ended.
func (o *Operator) Close() (err error) {
	o.once.Do(func() { err = o.devices.close() })
	return err
}

// Apply returns the restored photo, or the photo as it is where it needs no
// restoration. Large photos are not yet computed, unless the result is kept.
func (o *Operator) Apply(ctx context.Context, in []ops.Image) (ops.Image, error) {
	ctx, err := o.withValues(ctx, in[0])
	if err != nil {
		return ops.Image{}, err
	}
	key := o.key(ctx)
	if key == "" {
		return o.apply(ctx, in)
	}
	if out, ok := o.results.find(ctx, key, in[0], o.scale); ok {
		return out, nil
	}
	return o.results.make(ctx, key, func(ctx context.Context) (ops.Image, error) { return o.apply(ctx, in) })
}

func (o *Operator) apply(ctx context.Context, in []ops.Image) (ops.Image, error) {
	why, ok := "", false
	if o.skip.File != nil {
		why, ok = o.skip.File(in[0].Source)
	}
	if o.strengthFor(ctx) == 0 {
		why, ok = "strength 0", true
	}
	if ok {
		ops.Note(ctx, "left_alone", why)
		return in[0].Same(), nil
	}
	pixels, err := readable(in[0].Pixels)
	if err != nil {
		return ops.Image{}, err
	}
	defer pixels.Close()
	return o.judged(ctx, in[0], pixels)
}

// strengthFor is how much of the change is taken in one run.
func (o *Operator) strengthFor(ctx context.Context) float64 {
	if asked, ok := ops.Strength(ctx); ok {
		return asked
	}
	return o.strength
}

// restored is the photo whose pixels are pulled through the network when they
// are asked for.
func (o *Operator) restored(ctx context.Context, in ops.Image, pixels *vips.Image, why string) (ops.Image, error) {
	restored, err := o.restore(ctx, pixels, nil)
	if err != nil {
		return ops.Image{}, err
	}
	return o.finished(ctx, in, restored, why)
}

// finished owns restored, which is what the network made of in.
func (o *Operator) finished(ctx context.Context, in ops.Image, restored *vips.Image, why string) (_ ops.Image, err error) {
	if o.finish != nil {
		if restored, err = o.finish.Apply(ctx, in, restored); err != nil {
			return ops.Image{}, err
		}
	}
	ops.Note(ctx, "model", o.joined(" + ", modelName))
	ops.Note(ctx, "model_digest", o.joined("+", func(c onnx.Contract) string { return c.Digest }))
	ops.Note(ctx, "device", o.devices.String())
	if asked, ok := ops.Strength(ctx); ok {
		ops.Note(ctx, "strength", fmt.Sprintf("%g, asked for in review", asked))
	}
	ops.Note(ctx, "self_test", o.devices.selfTests())
	if told := valuesOf(ctx).told; told != "" {
		ops.Note(ctx, "values", told)
	}
	if why != "" {
		ops.Note(ctx, "evidence", why)
	}
	if reason := o.devices.fallback; reason != "" && o.devices.asked {
		ops.Note(ctx, "fallback", reason)
	}
	return in.With(restored).At(in.Frame), nil
}

// restore makes the lazy image that pulls p through the network; observe, if not
// nil, sees every tile.
func (o *Operator) restore(ctx context.Context, p *vips.Image, observe observer) (*vips.Image, error) {
	d := o.tiling.divide(p.Width(), p.Height())
	ops.Recording(ctx).ExpectTiles(d.tiles)
	j := o.newJob(ctx, min(o.devices.runs(), d.cols))
	j.observe = observe
	more := 0 // rows that enlarging takes, between which it goes
	if o.scale > 1 {
		more = 1
	}
	s := vips.Strips{Height: d.height, Above: d.above + more, Below: d.below + more, Scale: o.scale}
	for k := range d.strips {
		s.From = append(s.From, max(d.firstNewRow(k)-more, 0))
	}
	switch p.Format() {
	case "uchar":
		s.Func = strips[uint8](d, j)
	case "ushort":
		s.Func = strips[uint16](d, j)
	}
	return p.Strips(s)
}

// observer sees tiles with the network's answers, of several goroutines.
type observer func(in, out tile.Planar)
