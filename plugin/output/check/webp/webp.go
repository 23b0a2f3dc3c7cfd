// Package webp reads still WebP files back by libwebp itself. It makes the same
// pixels of them as libvips does, whose cache of single rows takes longer than
// the decoding. It knows nothing of colours and metadata.
package webp

// #cgo pkg-config: libwebp
// #include <webp/decode.h>
import "C"

import (
	"errors"
	"fmt"
	"os"
	"unsafe"
)

// ErrOther is a WebP that is animated, or larger than asked for.
var ErrOther = errors.New("not a still WebP of that size")

// Picture is a decoded file.
type Picture struct {
	Width, Height int
	Bands         int    // 3, or 4 with transparency, which no colour is multiplied by
	Pixels        []byte // row by row, without padding
}

// Read decodes a whole file, of at most that many bytes of pixels. A file that
// ends early, or that does not decode, is an error.
func Read(path string, most int64) (Picture, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Picture{}, err
	}
	if info.Size() == 0 {
		return Picture{}, errors.New("the file is empty")
	}
	if info.Size() > most {
		return Picture{}, ErrOther // what is so long is no small picture
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return Picture{}, err
	}
	var f C.WebPBitstreamFeatures
	from, size := (*C.uint8_t)(unsafe.SliceData(data)), C.size_t(len(data))
	if status := C.WebPGetFeatures(from, size, &f); status != C.VP8_STATUS_OK {
		return Picture{}, fmt.Errorf("it is no WebP (libwebp's status %d)", status)
	}
	p := Picture{Width: int(f.width), Height: int(f.height), Bands: 3}
	if f.has_alpha != 0 {
		p.Bands = 4
	}
	stride := p.Width * p.Bands
	if length := int64(stride) * int64(p.Height); f.has_animation != 0 || length > most || length == 0 {
		return Picture{}, ErrOther
	}
	p.Pixels = make([]byte, stride*p.Height)
	into, length := (*C.uint8_t)(unsafe.SliceData(p.Pixels)), C.size_t(len(p.Pixels))
	var done *C.uint8_t
	if p.Bands == 4 {
		done = C.WebPDecodeRGBAInto(from, size, into, length, C.int(stride))
	} else {
		done = C.WebPDecodeRGBInto(from, size, into, length, C.int(stride))
	}
	if done == nil {
		return Picture{}, errors.New("it ends too early, or does not decode")
	}
	return p, nil
}
