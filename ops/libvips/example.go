package libvips

import (
	"fmt"
	"strings"

	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/vips"
)

// values for examples that say more than the least that libvips takes.
var telling = map[string]string{
	"width": "100", "height": "80", "text": "© Burnish", "hshrink": "2", "vshrink": "2", "xfac": "2", "yfac": "2",
	"across": "2", "down": "2", "scale": "0.5", "ink": "[255, 0, 0]", "radius": "20", "window_size": "5",
	"output_profile": "srgb", "space": "b-w", "interpretation": "srgb", "frequency_cutoff": "0.5", "amplitude_cutoff": "0.5",
	"frequency_cutoff_x": "0.3", "frequency_cutoff_y": "0.3", "ringwidth": "0.2", "order": "2", "fractal_dimension": "2.5",
	"mode": "over", "format": "uchar", "matrix": "[1, 0, 0, 1]", "x2": "100", "y2": "100", "angle": "d90", "index": "4", "sigma": "1.5",
}

// special are values for one operation alone.
var special = map[string]string{
	"rank.width": "3", "rank.height": "3", "stdif.width": "11", "stdif.height": "11", "hist_local.width": "50",
	"hist_local.height": "50", "rotate.angle": "2.5", "linear.a": "[1.1]", "linear.b": "[-5]", "percent.percent": "50",
	"mask_gaussian_band.radius": "0.1", "mask_ideal_band.radius": "0.1", "mask_butterworth_band.radius": "0.1",
	"relational_const.c": "[128]", "gaussmat.min_ampl": "0.2", "logmat.min_ampl": "0.1", "merge.dx": "-300",
	"xyz.width": "64", "xyz.height": "64", "measure.h": "6", "measure.v": "4", "grid.tile_height": "64",
	"boolean_const.c": "[240]", "remainder_const.c": "[16]", "bandjoin_const.c": "[255]", "math2_const.c": "[2]",
	"sdf.shape": "circle, a: [50, 40], r: 30", // each shape asks for others of its arguments
}

// example is a step with the arguments that have to be given.
func (d *description) example() string {
	var given, images []string
	for _, a := range d.args {
		switch {
		case isImage(a) && a.Required:
			images = append(images, a.Name)
			if a.Type == "images" {
				images = append(images, a.Name)
			}
		case a.Required:
			given = append(given, a.Name+": "+d.exampleOf(a))
		}
	}
	step := fmt.Sprintf("%s: {%s}", d.name, strings.Join(given, ", "))
	if len(images) > 1 {
		ids := []string{"a", "b", "c", "d"}[:len(images)]
		step += fmt.Sprintf("\nfrom: [%s]", strings.Join(ids, ", "))
	}
	return step
}

func (d *description) exampleOf(a vips.Argument) string {
	if text, ok := special[d.operation.Name+"."+a.Name]; ok {
		return text
	}
	if text, ok := telling[a.Name]; ok && fits(d, a, text) {
		return text
	}
	switch {
	case modes(d, a) != nil:
		return "over"
	case len(a.Enum) > 0 && a.Default != nil && a.Default != "":
		return fmt.Sprint(a.Default)
	case len(a.Enum) > 0:
		return a.Enum[0]
	case a.Type == "floats" || a.Type == "ints":
		return "[1]"
	case a.Default != nil:
		return fmt.Sprint(a.Default)
	}
	return "text"
}

// fits reports whether the argument takes a value written so.
func fits(d *description, a vips.Argument, text string) bool {
	node, err := diag.Parse("example", []byte(text))
	if err != nil {
		return false
	}
	_, faults := decodeValue(d, a, node)
	return len(faults) == 0
}
