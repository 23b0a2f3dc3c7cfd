package vips

// #include "bridge.h"
import "C"

import (
	"context"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// Image is a counted reference to a libvips image. Create one with Open, Call,
// FromMemory or FromGovips; the zero value is a closed image. Using a closed
// image panics.
type Image struct {
	p atomic.Pointer[C.VipsImage]
}

var live atomic.Int64

// Live returns the number of Images not yet closed, for leak checks.
func Live() int { return int(live.Load()) }

// own wraps a reference that the caller of own gives away.
func own(p *C.VipsImage) *Image {
	i := new(Image)
	i.p.Store(p)
	live.Add(1)
	runtime.SetFinalizer(i, (*Image).Close)
	return i
}

// Close gives the reference back. Closing twice is harmless. The garbage
// collector closes forgotten images, but it sees none of the memory behind
// them, so it comes late.
func (i *Image) Close() {
	p := i.p.Swap(nil)
	if p == nil {
		return
	}
	runtime.SetFinalizer(i, nil)
	C.bv_unref(unsafe.Pointer(p))
	live.Add(-1)
}

// ref returns the C image. Callers keep i alive until they are done with it.
func (i *Image) ref() *C.VipsImage {
	p := i.p.Load()
	if p == nil {
		panic("vips: use of a closed image")
	}
	return p
}

// Ref returns a second reference to the same pixels, closed apart.
func (i *Image) Ref() *Image {
	defer runtime.KeepAlive(i)
	p := i.ref()
	C.g_object_ref(C.gpointer(unsafe.Pointer(p)))
	return own(p)
}

// Width returns the width in pixels.
func (i *Image) Width() int {
	defer runtime.KeepAlive(i)
	return int(i.ref().Xsize)
}

// Height returns the height in pixels; pages of a joined image count together.
func (i *Image) Height() int {
	defer runtime.KeepAlive(i)
	return int(i.ref().Ysize)
}

// Bands returns the number of values in a pixel.
func (i *Image) Bands() int {
	defer runtime.KeepAlive(i)
	return int(i.ref().Bands)
}

// Format returns the type of a value: "uchar", "ushort", "float" …
func (i *Image) Format() string {
	defer runtime.KeepAlive(i)
	return nick(C.vips_band_format_get_type(), C.int(i.ref().BandFmt))
}

// PixelBytes returns the bytes of a pixel: 3 of 8-bit RGB.
func (i *Image) PixelBytes() int {
	defer runtime.KeepAlive(i)
	return i.Bands() * int(C.vips_format_sizeof(i.ref().BandFmt))
}

// Interpretation returns what the values mean: "srgb", "b-w", "cmyk", "rgb16" …
func (i *Image) Interpretation() string {
	defer runtime.KeepAlive(i)
	return nick(C.vips_interpretation_get_type(), C.int(i.ref().Type))
}

// Resolution returns the pixels per millimetre across and down; 1 or 72 dpi
// where the file does not say.
func (i *Image) Resolution() (x, y float64) {
	defer runtime.KeepAlive(i)
	p := i.ref()
	return float64(p.Xres), float64(p.Yres)
}

// Coding returns how pixels are packed: "none", or "labq" or "rad".
func (i *Image) Coding() string {
	defer runtime.KeepAlive(i)
	return nick(C.vips_coding_get_type(), C.int(i.ref().Coding))
}

// HasAlpha reports whether the last band is transparency.
func (i *Image) HasAlpha() bool {
	defer runtime.KeepAlive(i)
	return C.vips_image_hasalpha(i.ref()) != 0
}

// Size returns the bytes that the pixels take when evaluated.
func (i *Image) Size() int64 {
	defer runtime.KeepAlive(i)
	return int64(C.bv_size(i.ref()))
}

// FromMemory copies pixels, rows of w × bands values of the given format
// without padding, in the machine's byte order, into a new image. One or two
// bands read as grey, three or four as RGB.
func FromMemory(pixels []byte, w, h, bands int, format string) (*Image, error) {
	const op = "image from memory"
	if err := ready(); err != nil {
		return nil, wrap(op, "", err)
	}
	code, ok := member(C.vips_band_format_get_type(), format)
	if !ok || code < 0 {
		return nil, misuse(op, "unknown format %q", format)
	}
	value := C.VipsBandFormat(code)
	if want := w * h * bands * int(C.vips_format_sizeof(value)); min(w, h, bands) <= 0 || len(pixels) != want {
		return nil, misuse(op, "%d bytes for %d×%d pixels of %d %s", len(pixels), w, h, bands, format)
	}
	raw := C.vips_image_new_from_memory_copy(unsafe.Pointer(&pixels[0]), C.size_t(len(pixels)),
		C.int(w), C.int(h), C.int(bands), value)
	if raw == nil {
		return nil, hinted(op, "")
	}
	defer C.bv_unref(unsafe.Pointer(raw))
	meaning := C.vips_image_guess_interpretation(raw)
	switch {
	case format == "ushort" && bands >= 3:
		meaning = C.VIPS_INTERPRETATION_RGB16
	case format == "ushort":
		meaning = C.VIPS_INTERPRETATION_GREY16
	}
	typed := C.bv_copy_typed(raw, C.int(meaning))
	if typed == nil {
		return nil, hinted(op, "")
	}
	return own(typed), nil
}

// Whole returns the pixels of an image that is kept in memory, not to be
// written to nor used once the image is closed; false for one that is made when
// it is asked for, or lies in a file.
func (i *Image) Whole() (Rows, bool) {
	p := i.ref()
	if C.bv_in_memory(p) == 0 {
		return Rows{}, false
	}
	size := int(C.bv_size(p))
	return Rows{
		Height: int(p.Ysize), Width: int(p.Xsize), Bands: int(p.Bands), Stride: size / int(p.Ysize),
		Pixels: unsafe.Slice((*byte)(unsafe.Pointer(p.data)), size),
	}, true
}

// Pixels evaluates the image into Go memory: rows without padding, values in
// its format and the machine's byte order.
func (i *Image) Pixels() ([]byte, error) {
	var pixels []byte
	err := i.evaluate(context.Background(), "pixels", "", func(c *Image) error {
		defer runtime.KeepAlive(c)
		var size C.size_t
		data := C.vips_image_write_to_memory(c.ref(), &size)
		if data == nil {
			return hinted("pixels", "")
		}
		defer C.g_free(C.gpointer(data))
		pixels = make([]byte, int(size))
		copy(pixels, unsafe.Slice((*byte)(data), int(size)))
		return nil
	})
	return pixels, err
}

// nick returns the short name of a member of a libvips enumeration.
func nick(enum C.GType, value C.int) string {
	return C.GoString(C.vips_enum_nick(enum, value))
}

// member returns the value behind a short name.
func member(enum C.GType, name string) (int, bool) {
	text := newCString(name)
	defer text.free()
	var value C.int
	ok := C.bv_member(enum, text.p, &value) != 0
	return int(value), ok
}
