package operation

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
)

// operator runs one operation.
type operator struct {
	is      *description
	args    vips.Args
	ports   []ops.Port
	content string // of profiles and fonts
}

// Fingerprint covers the content of profiles and fonts.
func (o *operator) Fingerprint() string { return o.content }

// Apply returns the first image that the operation makes. One that only
// measures leaves its image as it is and notes what it found.
func (o *operator) Apply(ctx context.Context, in []ops.Image) (ops.Image, error) {
	out, err := vips.Call(o.is.operation.Name, o.with(in))
	if err != nil {
		return ops.Image{}, err
	}
	defer out.Close()
	if o.is.measures {
		ops.Note(ctx, o.is.name, o.measured(out))
		return in[0].Same(), nil
	}
	for _, a := range o.is.operation.Args {
		if made, ok := out[a.Name].(*vips.Image); ok {
			delete(out, a.Name)
			img := ops.Image{Pixels: made}
			if len(in) > 0 {
				img.Source = in[0].Source
			}
			return img, nil
		}
	}
	return ops.Image{}, fmt.Errorf("%s gave no image", o.is.name)
}

// with adds the images to the arguments: one for every port, all that remain
// for the port that takes many.
func (o *operator) with(in []ops.Image) vips.Args {
	args := maps.Clone(o.args)
	single := 0
	for _, p := range o.ports {
		if !p.Many && (!p.Optional || len(p.IDs) > 0) {
			single++
		}
	}
	many := len(in) - single
	for _, p := range o.ports {
		switch {
		case p.Many:
			images := make([]*vips.Image, many)
			for i := range images {
				images[i] = in[i].Pixels
			}
			args[p.Name], in = images, in[many:]
		case !p.Optional || len(p.IDs) > 0:
			args[p.Name], in = in[0].Pixels, in[1:]
		}
	}
	return args
}

// measured lists the results as text: the one value, or names and values.
func (o *operator) measured(out vips.Outputs) string {
	var all []string
	for _, a := range o.is.operation.Args {
		value, ok := out[a.Name]
		if !ok {
			continue
		}
		if len(out) == 1 {
			return fmt.Sprint(value)
		}
		all = append(all, fmt.Sprintf("%s %v", a.Name, value))
	}
	return strings.Join(all, ", ")
}
