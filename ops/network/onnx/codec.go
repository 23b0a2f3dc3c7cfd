package onnx

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/x448/float16"
	ort "github.com/yalue/onnxruntime_go"
)

// codec runs a session on images of R, G and B from 0 to 1, whatever the network
// itself wants. It is a value, and safe for concurrent use.
type codec struct {
	contract Contract
	bound    binding
}

// plain reports whether the network takes and gives images as they are.
func (k codec) plain() bool {
	c, f := k.contract, k.contract.Form
	return c.RangeLow == 0 && c.RangeHigh == 1 && !f.NHWC && (f.Channels == "" || f.Channels == RGB) &&
		f.Mean == [3]float32{} && f.Deviation == [3]float32{} && !f.ranged() && len(f.Values) == 0 &&
		k.bound.image.elem == Float32 && k.bound.answer.elem == Float32
}

// run asks a session for its answer to n images of h × w pixels: in holds three
// planes of each, and out three planes of each answer.
func (k codec) run(ctx context.Context, s *ort.DynamicAdvancedSession, in []float32, n, h, w int, out []float32, values []float64) error {
	scale := k.contract.scale()
	if k.plain() {
		shape, answer := ort.NewShape(int64(n), 3, int64(h), int64(w)), ort.NewShape(int64(n), 3, int64(scale*h), int64(scale*w))
		return run(ctx, s, []tensor{{shape: shape, floats: in}}, tensor{shape: answer, floats: out})
	}
	planes := k.contract.Form.planes()
	image := newTensor(k.bound.image.elem, k.shape(n, h, w), n*planes*h*w)
	numbers := image.numbers()
	k.encode(numbers, in, n, h*w)
	image.pack(numbers)
	inputs := []tensor{image}
	for i, v := range k.bound.values {
		if i >= len(values) {
			return fmt.Errorf("input %s has no value", v.name)
		}
		inputs = append(inputs, v.number(values[i]))
	}
	answer := newTensor(k.bound.answer.elem, k.shape(n, scale*h, scale*w), n*planes*h*w*scale*scale)
	if err := run(ctx, s, inputs, answer); err != nil {
		return err
	}
	k.decode(out, answer.unpack(), in, n, h, w)
	return nil
}

func (k codec) shape(n, h, w int) ort.Shape {
	c := int64(k.contract.Form.planes())
	if k.contract.Form.NHWC {
		return ort.NewShape(int64(n), int64(h), int64(w), c)
	}
	return ort.NewShape(int64(n), c, int64(h), int64(w))
}

// place is where channel c of the network's image i begins, and how far apart its
// pixels are; an image has size pixels.
func (k codec) place(i, c, size int) (at, step int) {
	planes := k.contract.Form.planes()
	if k.contract.Form.Channels == BGR {
		c = 2 - c
	}
	if k.contract.Form.NHWC {
		return i*planes*size + c, planes
	}
	return (i*planes + c) * size, 1
}

// affine is how channel c of the image becomes the network's number, as a·v + b;
// answered is the same of the answer.
func (k codec) affine(c int, answered bool) (a, b float32) {
	f := k.contract.Form
	if answered && f.ranged() {
		return f.AnswerHigh - f.AnswerLow, f.AnswerLow
	}
	a, b = k.contract.RangeHigh-k.contract.RangeLow, k.contract.RangeLow-f.Mean[c]
	if d := f.Deviation[c]; d != 0 {
		a, b = a/d, b/d
	}
	return a, b
}

// The weights of BT.601 luma.
const red, green, blue = 0.299, 0.587, 0.114

// encode fills the network's numbers from planes of size pixels.
func (k codec) encode(dst, in []float32, n, size int) {
	for i := range n {
		r, g, b := in[3*i*size:][:size], in[(3*i+1)*size:][:size], in[(3*i+2)*size:][:size]
		for c, plane := range [][]float32{r, g, b}[:k.contract.Form.planes()] {
			at, step := k.place(i, c, size)
			scale, offset := k.affine(c, false)
			for p := range size {
				v := plane[p]
				if k.contract.Form.Channels == Luma {
					v = red*r[p] + green*g[p] + blue*b[p]
				}
				dst[at+p*step] = scale*v + offset
			}
		}
	}
}

// decode fills planes of the answer from the network's numbers; in are those that
// it was asked about, n images of h × w pixels.
func (k codec) decode(out, numbers, in []float32, n, h, w int) {
	scale := k.contract.scale()
	size := h * w * scale * scale
	for i := range n {
		for c := range k.contract.Form.planes() {
			at, step := k.place(i, c, size)
			a, b := k.affine(c, true)
			plane := out[(3*i+c)*size:][:size]
			for p := range plane {
				plane[p] = (numbers[at+p*step] - b) / a
			}
		}
		if k.contract.Form.Channels == Luma {
			passChroma(out[3*i*size:][:3*size], in[3*i*h*w:][:3*h*w], h, w, scale)
		}
	}
}

// passChroma makes R, G and B of an answer whose first plane is luma: each is that
// plus its difference from the luma of in, enlarged linearly.
func passChroma(out, in []float32, h, w, scale int) {
	size := h * w
	W := w * scale
	luma := append([]float32(nil), out[:size*scale*scale]...)
	difference := make([]float32, size)
	for c := range 3 {
		for p := range difference {
			difference[p] = in[c*size+p] - (red*in[p] + green*in[size+p] + blue*in[2*size+p])
		}
		plane := out[c*size*scale*scale:][:size*scale*scale]
		for y := range h * scale {
			top, bottom, down := between(y, scale, h)
			for x := range W {
				left, right, across := between(x, scale, w)
				upper := difference[top*w+left] + across*(difference[top*w+right]-difference[top*w+left])
				lower := difference[bottom*w+left] + across*(difference[bottom*w+right]-difference[bottom*w+left])
				plane[y*W+x] = luma[y*W+x] + upper + down*(lower-upper)
			}
		}
	}
}

// between is which two of n places the one at i, scale times finer, lies between, and
// how near to the second.
func between(i, scale, n int) (before, after int, share float32) {
	at := (float32(i)+0.5)/float32(scale) - 0.5
	floor := int(math.Floor(float64(at)))
	return max(floor, 0), min(floor+1, n-1), at - float32(floor)
}

// SizeError says that a network answered with another size than its contract says.
type SizeError struct{ Due, Got []int64 }

func (e *SizeError) Error() string {
	return fmt.Sprintf("it answered with %s where %s was due: its scale, layout or multiple is another than declared; burnish models inspect measures them", dims(e.Got), dims(e.Due))
}

func dims(shape []int64) string {
	parts := make([]string, len(shape))
	for i, n := range shape {
		parts[i] = strconv.FormatInt(n, 10)
	}
	return strings.Join(parts, "×")
}

// What the runtime says of an answer's size: of free sizes all of it, of fixed ones
// those dimensions that differ.
var (
	otherSize = regexp.MustCompile(`but the computed output shape for this run is \{([\d,]+)\}`)
	otherSide = regexp.MustCompile(`index: (\d+) Got: \d+ Expected: (\d+)`)
)

// sized makes a [SizeError] of what the runtime says of an answer of another size than
// was due.
func sized(err error, due []int64) error {
	if err == nil {
		return nil
	}
	text := err.Error()
	if m := otherSize.FindStringSubmatch(text); m != nil {
		var got []int64
		for part := range strings.SplitSeq(m[1], ",") {
			n, _ := strconv.ParseInt(part, 10, 64) // digits alone
			got = append(got, n)
		}
		return &SizeError{due, got}
	}
	if !strings.Contains(text, "invalid dimensions for output") {
		return err
	}
	got := slices.Clone(due)
	for _, m := range otherSide.FindAllStringSubmatch(text, -1) {
		if i, _ := strconv.Atoi(m[1]); i < len(got) {
			got[i], _ = strconv.ParseInt(m[2], 10, 64) // digits alone
		}
	}
	return &SizeError{due, got}
}

// tensor is memory of Go's that a session reads or writes.
type tensor struct {
	elem   Elem
	shape  ort.Shape
	floats []float32 // of float32
	bytes  []byte    // of all others
}

// bytesOf are those of one element.
var bytesOf = map[Elem]int{Float16: 2, Uint8: 1, Bool: 1, Int32: 4, Int64: 8, Float64: 8}

func newTensor(e Elem, shape ort.Shape, n int) tensor {
	t := tensor{elem: e, shape: shape}
	if e == Float32 {
		t.floats = make([]float32, n)
	} else {
		t.bytes = make([]byte, n*bytesOf[e])
	}
	return t
}

// numbers is where the elements may be prepared for pack.
func (t tensor) numbers() []float32 {
	if t.elem == Float32 {
		return t.floats
	}
	return make([]float32, len(t.bytes)/bytesOf[t.elem])
}

// pack stores numbers as elements.
func (t tensor) pack(numbers []float32) {
	switch t.elem {
	case Float16:
		for i, v := range numbers {
			binary.NativeEndian.PutUint16(t.bytes[2*i:], float16.Fromfloat32(v).Bits())
		}
	case Uint8:
		for i, v := range numbers {
			t.bytes[i] = uint8(min(max(v+0.5, 0), 255))
		}
	}
}

// unpack returns the elements as numbers.
func (t tensor) unpack() []float32 {
	if t.elem == Float32 {
		return t.floats
	}
	numbers := t.numbers()
	for i := range numbers {
		if t.elem == Float16 {
			numbers[i] = float16.Frombits(binary.NativeEndian.Uint16(t.bytes[2*i:])).Float32()
		} else {
			numbers[i] = float32(t.bytes[i])
		}
	}
	return numbers
}

// number is a tensor of one number, of the shape that v has.
func (v value) number(x float64) tensor {
	shape := make(ort.Shape, len(v.dims))
	for i := range shape {
		shape[i] = 1
	}
	t := newTensor(v.elem, shape, 1)
	switch v.elem {
	case Float32:
		t.floats[0] = float32(x)
	case Float64:
		binary.NativeEndian.PutUint64(t.bytes, math.Float64bits(x))
	case Int64:
		binary.NativeEndian.PutUint64(t.bytes, uint64(int64(math.Round(x))))
	case Int32:
		binary.NativeEndian.PutUint32(t.bytes, uint32(int32(math.Round(x))))
	case Bool:
		if x != 0 {
			t.bytes[0] = 1
		}
	default:
		t.pack([]float32{float32(x)})
	}
	return t
}

// open makes the runtime's view of t, which pin keeps in its place.
func (t tensor) open(pin *runtime.Pinner) (ort.Value, error) {
	if len(t.shape) == 0 {
		return t.scalar()
	}
	if t.floats != nil {
		pin.Pin(&t.floats[0])
		return ort.NewTensor(t.shape, t.floats)
	}
	pin.Pin(&t.bytes[0])
	return ort.NewCustomDataTensor(t.shape, t.bytes, ort.TensorElementDataType(t.elem))
}

// scalar is the runtime's copy of a number without dimensions.
func (t tensor) scalar() (ort.Value, error) {
	switch t.elem {
	case Float32:
		return ort.NewScalar(t.floats[0])
	case Float64:
		return ort.NewScalar(math.Float64frombits(binary.NativeEndian.Uint64(t.bytes)))
	case Int64:
		return ort.NewScalar(int64(binary.NativeEndian.Uint64(t.bytes)))
	case Int32:
		return ort.NewScalar(int32(binary.NativeEndian.Uint32(t.bytes)))
	}
	return nil, fmt.Errorf("a number of %s without dimensions cannot be given: export the model with an input of one dimension", t.elem)
}
