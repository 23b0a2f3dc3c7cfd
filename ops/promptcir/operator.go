package promptcir

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/tile"
	"github.com/burnish-photo/burnish/ops/vips"
)

// operator restores photos with one model, or with several that are averaged.
type operator struct {
	contracts []onnx.Contract // of the models
	windows   windows
	lanes     []*lane // the devices
	fallback  string  // why not all, or other, devices are used
	asked     bool    // somebody asked for the device by name
	threads   int     // of the CPU, for all photos
	divide    func(threads int, parameters int64) (runs, each int)

	strength      float64
	skip          string
	skipBelow     float64 // correction; 0: by the kind of file
	skipJPEGAbove int     // quality
	fidelity      string
	scratch       string // folder of temporary files
	log           *slog.Logger
	mu            sync.Mutex
	once          sync.Once
}

// Fingerprint tells apart operators that make other pixels of the same photo:
// by what the models compute, whatever else their files say, and how photos are
// cut for them.
func (o *operator) Fingerprint() string {
	var models []string
	for _, c := range o.contracts {
		models = append(models, fmt.Sprintf("%s %d %g,%g %s", c.Computes, c.Multiple, c.RangeLow, c.RangeHigh, c.Colour))
	}
	return fmt.Sprintf("%s %s", strings.Join(models, "+"), o.windows)
}

func (o *operator) digests() string {
	var digests []string
	for _, c := range o.contracts {
		digests = append(digests, c.Digest)
	}
	return strings.Join(digests, "+")
}

// Describe names the models and the device that they run on, and why it is not
// the one that somebody asked for.
func (o *operator) Describe() string {
	text := fmt.Sprintf("promptcir %s on %s", o.names(), o.devices())
	if o.fallback != "" && o.asked {
		text += " (" + o.fallback + ")"
	}
	return text
}

func (o *operator) names() string {
	var names []string
	for _, c := range o.contracts {
		names = append(names, c.Name+" "+c.Version)
	}
	return strings.Join(names, " + ")
}

// Close gives the models back. Photos on their way must have ended.
func (o *operator) Close() (err error) {
	o.once.Do(func() {
		for _, l := range o.lanes {
			err = errors.Join(err, l.close())
		}
	})
	return err
}

// Apply returns the restored photo, or the photo as it is where it is
// undamaged. Large photos are not yet computed.
func (o *operator) Apply(ctx context.Context, in []ops.Image) (ops.Image, error) {
	why, ok := o.skipped(in[0].Source)
	if o.strength == 0 {
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
	if o.skip == skipNever || in[0].Source == nil {
		return o.restored(ctx, in[0], pixels, "")
	}
	return o.judged(ctx, in[0], pixels)
}

// restored is the photo whose pixels are pulled through the network when they
// are asked for.
func (o *operator) restored(ctx context.Context, in ops.Image, pixels *vips.Image, why string) (ops.Image, error) {
	restored, err := o.restore(ctx, pixels, nil)
	if err != nil {
		return ops.Image{}, err
	}
	if restored, err = o.faithful(ctx, in, restored); err != nil {
		return ops.Image{}, err
	}
	o.tell(ctx, why)
	return in.With(restored), nil
}

// tell notes what restores the photo, and why.
func (o *operator) tell(ctx context.Context, why string) {
	ops.Note(ctx, "model", o.names())
	ops.Note(ctx, "model_digest", o.digests())
	ops.Note(ctx, "device", o.devices())
	ops.Note(ctx, "proof", o.proof())
	if why != "" {
		ops.Note(ctx, "evidence", why)
	}
	if o.fallback != "" && o.asked {
		ops.Note(ctx, "fallback", o.fallback)
	}
}

// restore makes the lazy image that pulls p through the network; observe, if not nil, sees every window.
func (o *operator) restore(ctx context.Context, p *vips.Image, observe func(in, out tile.Planar)) (*vips.Image, error) {
	d := o.windows.divide(p.Width(), p.Height())
	n := o.newNetwork(ctx, d)
	n.observe = observe
	s := vips.Strips{Height: d.height, Above: d.above, Below: d.below}
	for k := range d.strips {
		s.From = append(s.From, d.follows(k))
	}
	switch p.Format() {
	case "uchar":
		s.Func = strips[uint8](d, n)
	case "ushort":
		s.Func = strips[uint16](d, n)
	}
	return p.Strips(s)
}
