package promptcir

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/promptcir/tile"
	"github.com/burnish-photo/burnish/ops/vips"
)

// operator restores photos with one model.
type operator struct {
	model  *shared // the ladder's first
	ladder *ladder
	layout tile.Layout
	runs   int  // windows of one photo at a time
	asked  bool // somebody asked for the device by name

	skipAbove int // JPEG quality
	log       *slog.Logger
	once      sync.Once
}

// Fingerprint tells apart operators that make other pixels of the same photo.
func (o *operator) Fingerprint() string {
	return fmt.Sprintf("%s tile=%d halo=%d feather=%d", o.model.Contract().Digest, o.layout.Size, o.layout.Halo, o.layout.Feather)
}

// Describe names the model and the device that it runs on.
func (o *operator) Describe() string {
	c := o.model.Contract()
	return fmt.Sprintf("promptcir %s %s on %s", c.Name, c.Version, o.model.Device())
}

// Close gives the model back. Photos on their way must have ended.
func (o *operator) Close() (err error) {
	o.once.Do(func() { err = o.ladder.close() })
	return err
}

// Apply returns the restored photo, not yet computed, or the photo as it is
// where it is undamaged.
func (o *operator) Apply(ctx context.Context, in []ops.Image) (ops.Image, error) {
	if why, ok := undamaged(in[0].Source, o.skipAbove); ok {
		ops.Note(ctx, "left_alone", why)
		return in[0].Same(), nil
	}
	pixels, err := readable(in[0].Pixels)
	if err != nil {
		return ops.Image{}, err
	}
	defer pixels.Close()
	restored, err := o.restore(ctx, pixels)
	if err != nil {
		return ops.Image{}, err
	}
	contract := o.model.Contract()
	ops.Note(ctx, "model", contract.Name+" "+contract.Version)
	ops.Note(ctx, "model_digest", contract.Digest)
	ops.Note(ctx, "device", o.model.Device())
	if why := o.model.Fallback(); why != "" && o.asked {
		ops.Note(ctx, "fallback", why)
	}
	return in[0].With(restored), nil
}

// restore makes the lazy image that pulls p through the network.
func (o *operator) restore(ctx context.Context, p *vips.Image) (*vips.Image, error) {
	plan := o.layout.Plan(p.Width(), p.Height())
	r := &rescues{log: o.log, note: func(text string) { ops.Note(ctx, "rescued", text) }}
	network := newNetwork(ctx, o.ladder, r, o.runs, plan)
	s := vips.Strips{Height: plan.StripHeight, Above: plan.Above, Below: plan.Below}
	switch p.Format() {
	case "uchar":
		s.Func = strips[uint8](plan, network)
	case "ushort":
		s.Func = strips[uint16](plan, network)
	}
	return p.Strips(s)
}
