// Package libvips makes a step of every libvips operation that makes or
// takes images, under libvips' own name and with its own arguments, as the
// libvips in use describes them. It knows no operation by itself but for what
// libvips does not say: which arguments name files, and which operations leave
// every pixel in its place.
package libvips

import (
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
)

// All stands for the operations of the libvips that runs, in a list of specs.
func All() ops.Spec { return ops.Spec{Family: dynamicOps{}} }

type dynamicOps struct{}

// Specs lists the operations that are steps.
func (dynamicOps) Specs() []ops.Spec {
	all, err := vips.Operations()
	if err != nil {
		return nil
	}
	var specs []ops.Spec
	for i, o := range all {
		if i > 0 && all[i-1].Name == o.Name {
			continue
		}
		if d, ok := describe(o.Name); ok {
			specs = append(specs, d.spec())
		}
	}
	return specs
}

// Refuse says why an operation of libvips is not an operator.
func (dynamicOps) Refuse(name string) string {
	o, ok := vips.Lookup(name)
	switch {
	case name == "system":
		return "it runs a program of the system, which no step may"
	case !ok:
		return ""
	case o.Category == "load":
		return "it opens a file; a step gets its photo from the step before"
	case o.Category == "save":
		return "it writes a file; describe the file under \"outputs\""
	case o.Category == thumbnailing:
		return "it opens a file; use thumbnail or thumbnail_image, which take the photo"
	case o.Deprecated:
		return "it is deprecated in libvips"
	}
	return "it neither makes nor takes an image"
}

// thumbnailing is libvips' category of operations that load and shrink at once.
const thumbnailing = "thumbnail_base"

// description is an operation as a step.
type description struct {
	name      string // in a step
	operation vips.Operation
	args      []vips.Argument // that a step may give, images among them
	measures  bool            // gives no image: the step notes what it measured
}

// aliases are the operations behind a name: thumbnail works on the photo
// where libvips' own would open a file; crop is libvips' other name.
var aliases = map[string]string{"thumbnail": "thumbnail_image", "crop": "extract_area"}

// describe looks an operation up; false where it is not an operator.
func describe(name string) (*description, bool) {
	called := name
	if other, ok := aliases[name]; ok {
		called = other
	}
	o, ok := vips.Lookup(called)
	if !ok || o.Deprecated || o.Category == "load" || o.Category == "save" {
		return nil, false
	}
	d := &description{name: name, operation: o}
	takes := false
	for _, a := range o.Args {
		switch {
		case a.Deprecated || !a.Input || slices.Contains(hidden[o.Name], a.Name):
		case offered(o, a):
			a.Enum = slices.DeleteFunc(slices.Clone(a.Enum), func(m string) bool { return m == "error" })
			d.args = append(d.args, a)
			takes = takes || isImage(a)
		case a.Required:
			return nil, false
		}
	}
	if d.writes() {
		d.args = append(d.args, markup)
	}
	makes := slices.ContainsFunc(o.Args, func(a vips.Argument) bool { return !a.Deprecated && isImage(a) && (a.Output || a.Modify) })
	d.measures = !makes
	return d, takes || makes
}

// hidden arguments tell an image to be other than its pixels are, or speak of
// a file that is opened.
var hidden = map[string][]string{
	"copy":            {"width", "height"},
	"thumbnail_image": {"fail_on"},
}

func isImage(a vips.Argument) bool { return a.Type == "image" || a.Type == "images" }

// offered reports whether a step may give the argument. Text that libvips may
// take for the name of a file is offered only where it is known for what it is.
func offered(o vips.Operation, a vips.Argument) bool {
	switch a.Type {
	case "string":
		return o.Name == "text" && (a.Name == "text" || a.Name == "font") || fileKinds[a.Name] != ""
	case "image", "images", "float", "int", "bool", "enum", "flags", "floats", "ints", "interpolate":
		return true
	}
	return false
}

func (d *description) spec() ops.Spec {
	grid, sequential := d.traits()
	return ops.Spec{
		Name:       d.name,
		Summary:    d.operation.Summary,
		Example:    d.example(),
		Group:      group(d.operation.Category),
		Version:    1,
		Grid:       grid,
		Sequential: sequential,
		Config:     func() ops.Config { return newConfig(d) },
	}
}

func group(category string) string {
	if category == "" {
		return "libvips: various"
	}
	return "libvips: " + strings.ReplaceAll(category, "_", " ")
}

// inPlace are operations, beside those of the categories "colour" and
// "arithmetic", whose pixels depend on those at the same place and around it
// in the one image, whichever way up it is.
var inPlace = []string{
	"canny", "cast", "colourspace", "falsecolour", "flatten", "gamma", "gaussblur", "hist_equal", "hist_norm",
	"icc_export", "icc_import", "icc_transform", "premultiply", "scRGB2BW", "scRGB2sRGB", "sRGB2scRGB",
	"sharpen", "sobel", "unpremultiply", "XYZ2CMYK", "CMYK2XYZ",
	"avg", "deviate", "hist_entropy", "hist_ismonotonic", "max", "min", "percent",
}

func (d *description) traits() (ops.Grid, bool) {
	grid := ops.MovesGrid
	images := 0
	for _, a := range d.args {
		if isImage(a) {
			images++
		}
	}
	pixelwise := d.operation.Category == "colour" || d.operation.Category == "arithmetic"
	if images == 1 && (pixelwise || slices.Contains(inPlace, d.operation.Name)) {
		grid = ops.KeepsGrid
	}
	return grid, d.operation.Sequential && !d.measures
}

// arg finds an argument that a step may give.
func (d *description) arg(name string) (vips.Argument, bool) {
	i := slices.IndexFunc(d.args, func(a vips.Argument) bool { return a.Name == name })
	if i < 0 {
		return vips.Argument{}, false
	}
	return d.args[i], true
}

func (d *description) names() []string {
	names := make([]string, len(d.args))
	for i, a := range d.args {
		names[i] = a.Name
	}
	return names
}
