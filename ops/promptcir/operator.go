package promptcir

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/promptcir/onnx"
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

	strength  float64
	skipAbove int // JPEG quality
	log       *slog.Logger
	mu        sync.Mutex
	once      sync.Once
}

// Fingerprint tells apart operators that make other pixels of the same photo.
func (o *operator) Fingerprint() string {
	return fmt.Sprintf("%s %s", o.digests(), o.windows)
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

// Apply returns the restored photo, not yet computed, or the photo as it is
// where it is undamaged.
func (o *operator) Apply(ctx context.Context, in []ops.Image) (ops.Image, error) {
	if why, ok := undamaged(in[0].Source, o.skipAbove); ok {
		ops.Note(ctx, "left_alone", why)
		return in[0].Same(), nil
	}
	if o.strength == 0 {
		ops.Note(ctx, "left_alone", "strength 0")
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
	ops.Note(ctx, "model", o.names())
	ops.Note(ctx, "model_digest", o.digests())
	ops.Note(ctx, "device", o.devices())
	ops.Note(ctx, "proof", o.proof())
	if o.fallback != "" && o.asked {
		ops.Note(ctx, "fallback", o.fallback)
	}
	return in[0].With(restored), nil
}

// restore makes the lazy image that pulls p through the network.
func (o *operator) restore(ctx context.Context, p *vips.Image) (*vips.Image, error) {
	d := o.windows.divide(p.Width(), p.Height())
	n := o.newNetwork(ctx, d)
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
