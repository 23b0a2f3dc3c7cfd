package onnx

import (
	"fmt"
	"slices"
)

// Elem is the type of a tensor's elements, as ONNX numbers them.
type Elem int

// The types that images and the other inputs may have.
const (
	Float32 Elem = 1
	Uint8   Elem = 2
	Int32   Elem = 6
	Int64   Elem = 7
	Bool    Elem = 9
	Float16 Elem = 10
	Float64 Elem = 11
)

var elemNames = map[Elem]string{
	Float32: "float32", Uint8: "uint8", 3: "int8", 4: "uint16", 5: "int16", Int32: "int32", Int64: "int64", 8: "string", Bool: "bool",
	Float16: "float16", Float64: "float64", 12: "uint32", 13: "uint64", 16: "bfloat16",
}

func (e Elem) String() string {
	if name, ok := elemNames[e]; ok {
		return name
	}
	return fmt.Sprintf("type %d", int(e))
}

// imageElems are the types that an image may have, and full scale in them where
// nothing else is said.
var imageElems = map[Elem]float32{Float32: 1, Float16: 1, Uint8: 255}

// Images lists the types that images may have.
func (e Elem) isImage() bool { _, ok := imageElems[e]; return ok }

// FullScale is the value of white that is usual with e.
func (e Elem) FullScale() float32 { return imageElems[e] }

// Channels of an image as a network has them.
const (
	RGB  = "rgb"
	BGR  = "bgr"
	Luma = "y" // one channel; the photo's chroma is passed on
)

// Form is how a network of another program wants its image, and how it answers.
// The zero value is that of Burnish's own exports: N×3×H×W, R, G and B, the range of
// the contract.
type Form struct {
	Image, Answer string // names of the input and the output; "": the first
	NHWC          bool   // N×H×W×C
	Channels      string // [RGB], [BGR] or [Luma]; "": RGB
	// Mean and Deviation normalise each channel further, R first: v becomes
	// (v − mean) / deviation. A deviation of 0 stands for 1.
	Mean, Deviation [3]float32
	// AnswerLow and AnswerHigh are the range of the answer, which is not normalised;
	// both 0: the answer is as the image is.
	AnswerLow, AnswerHigh float32
	// Values are the other inputs, of one number each.
	Values []Value
}

// Value is an input of one number.
type Value struct {
	Name string
	Test float64 // that the self-test gives
}

// planes is the number of channels of the network's tensors.
func (f Form) planes() int {
	if f.Channels == Luma {
		return 1
	}
	return 3
}

// ranged reports whether the answer has a range of its own.
func (f Form) ranged() bool { return f.AnswerLow != f.AnswerHigh }

// scale is how many times larger than the image the answer is.
func (c Contract) scale() int { return max(c.Scale, 1) }

// binding is a network's graph with the roles of its inputs and outputs.
type binding struct {
	image, answer value
	values        []value // in the order of [Form.Values]
}

func (b binding) inputs() []string {
	names := []string{b.image.name}
	for _, v := range b.values {
		names = append(names, v.name)
	}
	return names
}

// bind finds what a contract names in a graph, and checks that it fits.
func (g graph) bind(c Contract) (binding, error) {
	b, err := g.names(c.Form)
	if err != nil {
		return b, err
	}
	if err := b.image.holds(c.Form); err != nil {
		return b, fmt.Errorf("its input %w", err)
	}
	if err := b.answer.holds(c.Form); err != nil {
		return b, fmt.Errorf("its output %w", err)
	}
	return b, nil
}

// names finds the inputs and outputs that a form names in a graph.
func (g graph) names(f Form) (b binding, err error) {
	var ok bool
	if b.image, ok = pick(g.inputs, f.Image); !ok {
		return b, fmt.Errorf("it has no input %q; its inputs are %s", f.Image, list(g.inputs))
	}
	if b.answer, ok = pick(g.outputs, f.Answer); !ok {
		return b, fmt.Errorf("it has no output %q; its outputs are %s", f.Answer, list(g.outputs))
	}
	for _, v := range f.Values {
		in, ok := pick(g.inputs, v.Name)
		switch {
		case !ok || v.Name == "":
			return b, fmt.Errorf("it has no input %q to set; its inputs are %s", v.Name, list(g.inputs))
		case in.name == b.image.name:
			return b, fmt.Errorf("its input %q is the image, which no value can stand for", v.Name)
		case !in.single():
			return b, fmt.Errorf("its input %s takes more than one number", in)
		}
		b.values = append(b.values, in)
	}
	for _, in := range g.inputs {
		if !slices.Contains(b.inputs(), in.name) {
			return b, fmt.Errorf("its input %s needs a value: name it in values", in)
		}
	}
	return b, nil
}

// pick is the value of that name, or the first where there is no name.
func pick(all []value, name string) (value, bool) {
	for _, v := range all {
		if name == "" || v.name == name {
			return v, true
		}
	}
	return value{}, false
}

// holds checks that v may hold an image of the form.
func (v value) holds(f Form) error {
	if !v.elem.isImage() {
		return fmt.Errorf("%s must hold float32, float16 or uint8", v)
	}
	at, layout := 1, "N×C×H×W"
	if f.NHWC {
		at, layout = 3, "N×H×W×C"
	}
	if n := len(v.dims); n != 4 && n != 0 {
		return fmt.Errorf("%s must have four dimensions, %s", v, layout)
	}
	if len(v.dims) == 4 && v.dims[at] != int64(f.planes()) && v.dims[at] != 0 {
		return fmt.Errorf("%s must have %d channels, as %s", v, f.planes(), layout)
	}
	return nil
}

// single reports whether v can be one number.
func (v value) single() bool {
	for _, d := range v.dims {
		if d > 1 {
			return false
		}
	}
	switch v.elem {
	case Float32, Float16, Float64, Int32, Int64, Bool, Uint8:
		return true
	}
	return false
}
