package vips

// #include "bridge.h"
import "C"

import (
	"fmt"
	"runtime"
	"runtime/cgo"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// Strips is an operator written in Go that makes an image of the same size as
// its input, or of so many times that, one full-width strip at a time, when and
// as pixels are asked for.
type Strips struct {
	Height       int // input rows of one strip; the last may have fewer
	Above, Below int // input rows wanted beyond a strip, clipped at the image's edges
	// From is the first input row wanted for each strip that is made right after
	// the one above it, where that is another than Above says; nil: it is not.
	// What Func keeps from strip to strip then need not be kept as pixels.
	From []int
	// Scale is how many times as wide and high as the input the output is; 0: once.
	Scale int
	// Cheap lets a strip be made again instead of being kept for long.
	Cheap          bool
	Bands          int    // of the output; 0 means as the input
	Format         string // of the output, like "uchar"; "" means as the input
	Interpretation string // of the output, like "srgb"; "" means as the input

	// Func fills every pixel of out from in. It must not write to in, nor
	// keep either after it returns. It runs on a thread of libvips, never
	// twice at a time for one image, and must not evaluate that image. A sink
	// that streams asks for the strips once each, from the top down; another
	// may ask again or in another order, so Func relies on the rows alone.
	//
	// Its first error, or panic, is final: it is what everything that
	// consumes the image, or an image made from it, returns from then on.
	Func func(in, out Rows) error
	// Done is called once no image is left that is made with Func; nil: it is not.
	// It runs on a thread of libvips and must not call it.
	Done func()
}

// mostSide is the largest side of an image that libvips makes (VIPS_MAX_COORD).
const mostSide = 10_000_000

// Behind is how many finished rows are kept, of wide images, for threads of
// libvips that are behind others.
const Behind = 288

// Rows is a window of full-width rows in an image.
type Rows struct {
	Top    int // the image row that Pixels begins with
	Height int
	Width  int
	Bands  int
	Stride int           // bytes from one row to the next; the end of a row may be padding
	Pixels []byte        // values in the image's format and the machine's byte order
	Waited time.Duration // that the pixels of an input took to be made
}

// Row returns the bytes of image row y, from its first pixel to the end of the
// row or, within Pixels, its padding.
func (r Rows) Row(y int) []byte {
	from := (y - r.Top) * r.Stride
	return r.Pixels[from:min(from+r.Stride, len(r.Pixels))]
}

// AddColumns adds the bytes of every step-th row from image row from up to row
// to, which is left out, to sums, column by column. The rows, of single bytes,
// have len(sums) of them at least.
func (r Rows) AddColumns(sums []uint16, from, to, step int) {
	if from >= to || len(sums) == 0 {
		return
	}
	n := (to - from + step - 1) / step
	last := r.Row(from + (n-1)*step)[:len(sums)]
	C.bv_add_columns((*C.uint8_t)(&r.Row(from)[0]), C.size_t(step*r.Stride), C.size_t(n), (*C.uint16_t)(&sums[0]), C.size_t(len(last)))
}

// PanicError is a panic in a Strips function.
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Strips returns the image that s makes of i. Nothing is computed yet. Enough
// rows of i are kept that i may stream from a file: those that one strip is made
// from, and of the output those of a strip and [Behind] more. Consume it with
// Sequential operations only, or Materialise it first: what reads in another
// order, like a rotation, has strips made again and again, and fails where i
// streams from a file.
func (i *Image) Strips(s Strips) (*Image, error) {
	defer runtime.KeepAlive(i)
	spec, err := i.stripsSpec(&s)
	if err != nil {
		return nil, err
	}
	spec.handle = newHandle(&strips{run: s.Func, done: s.Done})
	if len(s.From) > 0 {
		spec.from = cInts(s.From)
	}
	p := C.bv_strips_new(i.ref(), &spec)
	if p == nil {
		return nil, hinted("strips", "")
	}
	return own(p), nil
}

// stripsSpec checks s against the image and fills in the defaults.
func (i *Image) stripsSpec(s *Strips) (spec C.bv_strips, err error) {
	const op = "strips"
	in := i.ref()
	switch {
	case s.Func == nil:
		return spec, misuse(op, "no function")
	case s.Height <= 0 || s.Above < 0 || s.Below < 0 || s.Bands < 0 || s.Scale < 0:
		return spec, misuse(op, "height %d, above %d, below %d, bands %d, scale %d: out of range", s.Height, s.Above, s.Below, s.Bands, s.Scale)
	case max(i.Width(), i.Height())*max(s.Scale, 1) > mostSide:
		return spec, misuse(op, "%d×%d pixels, %d times as large, are more than %d a side", i.Width(), i.Height(), s.Scale, mostSide)
	case in.Coding != C.VIPS_CODING_NONE:
		return spec, misuse(op, "pixels are packed as %s", i.Coding())
	}
	rows := i.Height()
	if n := (rows + s.Height - 1) / s.Height; len(s.From) > 0 && len(s.From) != n {
		return spec, misuse(op, "first rows of %d strips, of which there are %d", len(s.From), n)
	}
	bands, format, meaning := int(in.Bands), int(in.BandFmt), int(in.Type)
	if s.Bands > 0 {
		bands = s.Bands
	}
	if s.Format != "" {
		var ok bool
		if format, ok = member(C.vips_band_format_get_type(), s.Format); !ok || format < 0 {
			return spec, misuse(op, "unknown format %q", s.Format)
		}
	}
	if s.Interpretation != "" {
		var ok bool
		if meaning, ok = member(C.vips_interpretation_get_type(), s.Interpretation); !ok || meaning < 0 {
			return spec, misuse(op, "unknown interpretation %q", s.Interpretation)
		}
	}
	var cheap C.int
	if s.Cheap {
		cheap = 1
	}
	return C.bv_strips{
		cheap: cheap, height: C.int(min(s.Height, rows)), above: C.int(min(s.Above, rows)), below: C.int(min(s.Below, rows)),
		scale: C.int(max(s.Scale, 1)), bands: C.int(bands), format: C.int(format), interpretation: C.int(meaning),
	}, nil
}

// cInts copies integers to memory that g_free frees.
func cInts(list []int) *C.int {
	p := (*C.int)(C.g_malloc(C.gsize(len(list)) * C.sizeof_int))
	for k := range list {
		unsafe.Slice(p, len(list))[k] = C.int(list[k])
	}
	return p
}

// strips is the Go side of a Strips image. It lives from Image.Strips until
// libvips frees the last image that descends from it.
type strips struct {
	mu   sync.Mutex // one strip at a time; the C side's lock says nothing to Go's memory model
	run  func(in, out Rows) error
	done func()
	failure
}

// failure is the first error of something that images are made with. It lives
// behind a handle that travels with those images.
type failure struct{ first atomic.Pointer[error] }

// fault returns the error, nil while all is sound.
func (f *failure) fault() error {
	if err := f.first.Load(); err != nil {
		return *err
	}
	return nil
}

func (f *failure) fail(err error) { f.first.CompareAndSwap(nil, &err) }

// liveStrips counts the handles that libvips has not given back.
var liveStrips atomic.Int64

func newHandle(value any) C.uintptr_t {
	liveStrips.Add(1)
	return C.uintptr_t(cgo.NewHandle(value))
}

// make computes one strip, unless an earlier one failed.
func (s *strips) make(in, out Rows) (err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fault(); err != nil {
		return err
	}
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
		if err != nil {
			final := fmt.Errorf("rows %d to %d: %w", out.Top, out.Top+out.Height-1, err)
			s.fail(final)
			err = final
		}
	}()
	return s.run(in, out)
}

//export burnishStrip
func burnishStrip(handle C.uintptr_t, in, out *C.bv_rows) C.int {
	err := cgo.Handle(handle).Value().(*strips).make(rows(in), rows(out))
	if err == nil {
		return 0
	}
	domain, text := newCString("strips"), newCString(err.Error())
	defer domain.free()
	defer text.free()
	C.bv_error(domain.p, text.p)
	return -1
}

//export burnishStripFree
func burnishStripFree(handle C.uintptr_t) {
	if s, ok := cgo.Handle(handle).Value().(*strips); ok && s.done != nil {
		s.done()
	}
	cgo.Handle(handle).Delete()
	liveStrips.Add(-1)
}

func rows(c *C.bv_rows) Rows {
	stride := int(c.stride)
	size := (int(c.height)-1)*stride + int(c.width)*int(c.pixel)
	return Rows{
		Top: int(c.top), Height: int(c.height), Width: int(c.width), Bands: int(c.bands),
		Stride: stride, Pixels: unsafe.Slice((*byte)(c.pixels), size),
		Waited: time.Duration(c.waited) * time.Microsecond,
	}
}
