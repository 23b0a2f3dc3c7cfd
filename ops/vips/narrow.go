package vips

// #cgo LDFLAGS: -lm
// #include "bridge.h"
import "C"

import "runtime"

// Narrows reports whether [Image.Narrow] takes such pixels: three bands of 8
// bits without alpha, which most photos have.
func (i *Image) Narrows() bool {
	return i.Bands() == 3 && i.Format() == "uchar" && i.Coding() == "none" && !i.HasAlpha()
}

// Narrow returns the image with fewer columns, by Lanczos 3 at their exact
// places, with weights of 14 bits: the same pixels on every processor. Nothing
// is computed yet, and rows may stream from a file.
func (i *Image) Narrow(width int) (*Image, error) {
	const op = "narrow"
	defer runtime.KeepAlive(i)
	if !i.Narrows() || width < 1 || width > i.Width() {
		return nil, misuse(op, "%d columns of %d, %d bands of %s", width, i.Width(), i.Bands(), i.Format())
	}
	p := C.bv_narrow(i.ref(), C.int(width))
	if p == nil {
		return nil, hinted(op, "")
	}
	return own(p), nil
}
