package libvips

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
				img.Frame = o.frame(in[0])
			}
			return img, nil
		}
	}
	return ops.Image{}, fmt.Errorf("%s gave no image", o.is.name)
}

// frame is that of what is made of an image; not known where the operation may
// have moved its pixels in other ways than by right angles, boxes and scales.
func (o *operator) frame(in ops.Image) ops.Frame {
	number := func(name string) int {
		n, _ := o.args[name].(float64)
		return int(n)
	}
	switch name := o.is.operation.Name; name {
	case "resize", "shrink", "reduce":
		return in.Frame
	case "rot":
		angle, _ := o.args["angle"].(string)
		return in.Frame.Turned(map[string]int{"d0": 1, "d90": 6, "d180": 3, "d270": 8}[angle])
	case "flip":
		direction, _ := o.args["direction"].(string)
		return in.Frame.Turned(map[string]int{"horizontal": 2, "vertical": 4}[direction])
	case "extract_area":
		return in.Frame.Cut(number("left"), number("top"), number("width"), number("height"), in.Pixels.Width(), in.Pixels.Height())
	}
	if grid, _ := o.is.traits(); grid == ops.KeepsGrid {
		return in.Frame
	}
	return ops.Frame{}
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
