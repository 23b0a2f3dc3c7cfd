package probe

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops/network/onnx"
)

// roles finds which input is the photo, which output the answer, and which inputs take
// a number.
func (r *resolver) roles() (err error) {
	var images []onnx.Port
	for _, p := range r.File.Inputs {
		if p.Name == r.said.Input || r.said.Input == "" && !r.isNumber(p) {
			images = append(images, p)
		}
	}
	switch {
	case r.said.Input != "" && len(images) == 0:
		return fmt.Errorf("has no input %q: its inputs are %s", r.said.Input, names(r.File.Inputs))
	case len(images) == 0:
		return fmt.Errorf("has no input for an image: its inputs are %s", names(r.File.Inputs))
	case len(images) > 1:
		return fmt.Errorf("has %d image inputs (%s); burnish needs one: export it with the others fixed, or name the photo's as input and give the others numbers in values, where they take single numbers", len(images), names(images))
	}
	r.image = images[0]
	if err := r.holdsImage(r.image, "input"); err != nil {
		return err
	}
	if r.answer, err = r.answering(); err != nil {
		return err
	}
	form := &r.Contract.Form
	form.Image, form.Answer = r.image.Name, r.answer.Name
	r.fact("input", r.image.String(), FromFile, "the only image among the inputs")
	why := "the only output"
	if len(r.File.Outputs) > 1 {
		why = "the first image among the outputs; ignored are " + strings.Join(r.Ignored, ", ")
	}
	r.fact("output", r.answer.String(), FromFile, why)
	return r.numbers()
}

// isNumber reports whether an input takes a number rather than an image: it has one
// element, or so few dimensions that it cannot be an image.
func (r *resolver) isNumber(p onnx.Port) bool {
	return p.Number() && (len(p.Dims) != 4 || !slices.Contains(p.Dims, 0)) || r.said.Values[p.Name] != ""
}

// answering is the output that is taken.
func (r *resolver) answering() (onnx.Port, error) {
	var found *onnx.Port
	for i, p := range r.File.Outputs {
		if found == nil && (p.Name == r.said.Output || r.said.Output == "" && (len(p.Dims) == 4 || len(p.Dims) == 0 && p.Elem.FullScale() > 0)) {
			found = &r.File.Outputs[i]
		} else {
			r.Ignored = append(r.Ignored, p.String())
		}
	}
	switch {
	case found != nil:
		return *found, nil
	case r.said.Output != "":
		return onnx.Port{}, fmt.Errorf("has no output %q: its outputs are %s", r.said.Output, names(r.File.Outputs))
	}
	return onnx.Port{}, fmt.Errorf("answers with %s, which is no image: burnish runs networks that make an image of an image, not those that classify, detect or measure", names(r.File.Outputs))
}

// numbers are the inputs that take one.
func (r *resolver) numbers() error {
	for _, p := range r.File.Inputs {
		if p.Name == r.image.Name {
			continue
		}
		if !p.Number() {
			return fmt.Errorf("has the input %s besides the image; burnish can give it one number, and it takes more: export it with that input fixed", p)
		}
		test, ok := r.options.Values[p.Name]
		if !ok {
			test = 0.5
		}
		if text, said := r.said.Values[p.Name]; said {
			r.fact("values."+p.Name, text, "", "")
		} else {
			r.Missing = append(r.Missing, p.Name)
			r.fact("values."+p.Name, "", Assumed, fmt.Sprintf("needs a number; tried with %g", test))
		}
		r.Contract.Form.Values = append(r.Contract.Form.Values, onnx.Value{Name: p.Name, Test: test})
	}
	for _, name := range r.said.Values.Names() {
		if !slices.ContainsFunc(r.File.Inputs, func(p onnx.Port) bool { return p.Name == name }) {
			return fmt.Errorf("has no input %q, which values names: its inputs are %s", name, names(r.File.Inputs))
		}
	}
	return nil
}

// form finds layout, channels and sizes that the file tells by its shapes.
func (r *resolver) form() error {
	if err := r.holdsImage(r.answer, "output"); err != nil {
		return err
	}
	if err := r.layout(); err != nil {
		return err
	}
	return errors.Join(r.sizes(), r.broken)
}

func (r *resolver) holdsImage(p onnx.Port, role string) error {
	switch {
	case p.Elem == 0:
		return fmt.Errorf("its %s %q is no tensor, but a sequence or a map: burnish needs an image", role, p.Name)
	case p.Elem.FullScale() == 0:
		return fmt.Errorf("its %s %s holds %s; burnish gives and takes float32, float16 and uint8: export it in one of these", role, p, p.Elem)
	case len(p.Dims) == 5:
		return fmt.Errorf("its %s %s has five dimensions, as for video or volumes: burnish needs one image at a time, of four", role, p)
	case len(p.Dims) != 4 && len(p.Dims) != 0:
		return fmt.Errorf("its %s %s must have four dimensions, those of a batch of images", role, p)
	}
	return nil
}

// layout finds the order of the dimensions and the channels.
func (r *resolver) layout() error {
	f := &r.Contract.Form
	f.NHWC, f.Channels = r.said.Layout == "nhwc", r.said.Channels
	at := 1
	why := "as most networks have it"
	if d := r.image.Dims; len(d) == 4 {
		planes, pixels := slices.Contains([]int64{1, 3}, d[1]), slices.Contains([]int64{1, 3}, d[3])
		switch {
		case r.said.Layout != "":
		case planes && !pixels:
			why = fmt.Sprintf("the second dimension of %s is %d", r.image, d[1])
		case pixels && !planes:
			f.NHWC, why = true, fmt.Sprintf("the last dimension of %s is %d", r.image, d[3])
		case !planes && !pixels && d[1] > 0 && d[3] > 0:
			return fmt.Errorf("its input %s has neither 1 nor 3 channels: burnish gives gray and colour images; networks for raw sensor data, masks or latents take others", r.image)
		}
	}
	if f.NHWC {
		at = 3
	}
	r.fact("layout", layoutName(f.NHWC), FromFile, why)
	in, out := channels(r.image, at), channels(r.answer, at)
	if in == 0 {
		in = out
	}
	switch {
	case in != 0 && in != 1 && in != 3:
		return fmt.Errorf("its input %s has %d channels: burnish gives 1 or 3; networks for raw sensor data, masks or latents take others", r.image, in)
	case in != 0 && out != 0 && in != out:
		return fmt.Errorf("it makes %d channels of %d: burnish needs as many in its output as in its input", out, in)
	case in == 1 && f.Channels != "" && f.Channels != onnx.Luma, in == 3 && f.Channels == onnx.Luma:
		return fmt.Errorf("channels: %s is said, and its input %s has %d", f.Channels, r.image, in)
	}
	if f.Channels == "" {
		f.Channels = onnx.RGB
		from, why := Assumed, "nothing tells it from bgr: compare a restored photo's colours"
		if in == 1 {
			f.Channels, from, why = onnx.Luma, FromFile, fmt.Sprintf("%s has one channel", r.image)
		}
		r.fact("channels", f.Channels, from, why)
	} else {
		r.fact("channels", f.Channels, "", "")
	}
	return nil
}

func channels(p onnx.Port, at int) int64 {
	if len(p.Dims) != 4 {
		return 0
	}
	return p.Dims[at]
}

// sizes finds fixed sides and batches.
func (r *resolver) sizes() error {
	d := r.image.Dims
	if len(d) != 4 {
		return nil
	}
	if d[0] > 1 {
		return fmt.Errorf("its input %s takes batches of %d images only: export it with a batch of 1, or a free one", r.image, d[0])
	}
	r.Contract.Alone = d[0] == 1
	h, w := d[2], d[3]
	if r.Contract.Form.NHWC {
		h, w = d[1], d[2]
	}
	if h == 0 && w == 0 {
		return nil
	}
	if s := r.said.Size; len(s) == 2 && (w != 0 && int64(s[0]) != w || h != 0 && int64(s[1]) != h) {
		return fmt.Errorf("size: [%g, %g] is said, and its input is %s", s[0], s[1], r.image)
	}
	if h == 0 {
		h = w
	}
	if w == 0 {
		w = h
	}
	const least, most = 16, 4096
	if min(w, h) < least || max(w, h) > most {
		return fmt.Errorf("its input %s has a side of fewer than %d or more than %d pixels: export it with free sides", r.image, least, most)
	}
	r.Contract.Fixed, r.Contract.Multiple = [2]int{int(w), int(h)}, 1
	if out := r.answer.Dims; r.said.Scale == 0 && len(out) == 4 && out[2] > 0 && out[3] > 0 {
		H, W := out[2], out[3]
		if r.Contract.Form.NHWC {
			H, W = out[1], out[2]
		}
		if n := W / w; n < 1 || n > mostScale || W != n*w || H != n*h {
			return fmt.Errorf("it makes %d×%d pixels of %d×%d: burnish needs 1 to %d times the width and the height", W, H, w, h, mostScale)
		}
		r.Contract.Scale = int(W / w)
		r.fact("scale", fmt.Sprint(r.Contract.Scale), FromFile, fmt.Sprintf("%s is so many times as large as %s", r.answer, r.image))
	}
	r.fact("size", fmt.Sprintf("[%d, %d]", w, h), FromFile, fmt.Sprintf("the sides of %s", r.image))
	return nil
}

func names(all []onnx.Port) string {
	if len(all) == 0 {
		return "none"
	}
	var texts []string
	for _, p := range all {
		texts = append(texts, p.String())
	}
	return strings.Join(texts, ", ")
}
