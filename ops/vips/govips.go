package vips

// #include "bridge.h"
import "C"

import (
	"reflect"
	"runtime"
	"unsafe"

	govips "github.com/davidbyttow/govips/v2/vips"
)

// govips has no way in or out for a VipsImage, so the two functions below reach
// for its unexported field "image" and function "newImageRef". TestGovips holds
// both in place for the version pinned in go.mod.

//go:linkname newImageRef github.com/davidbyttow/govips/v2/vips.newImageRef
func newImageRef(image unsafe.Pointer, current, original govips.ImageType, buf []byte) *govips.ImageRef

// FromGovips returns the image behind ref. Both are closed apart, and changes
// that govips makes to ref's header do not reach the image. A ref that was
// loaded from a buffer or a reader owns the bytes behind it: keep it open until
// the image and all made from it are done with.
func FromGovips(ref *govips.ImageRef) *Image {
	defer runtime.KeepAlive(ref)
	p := reflect.ValueOf(ref).Elem().FieldByName("image").UnsafePointer()
	if p == nil {
		panic("vips: use of a closed govips image")
	}
	return own(copyHeader((*C.VipsImage)(p)))
}

// Govips returns the image as govips sees it, closed apart. When a consumer in
// govips fails, its error holds only the text of what a Strips function
// returned.
func (i *Image) Govips() *govips.ImageRef {
	defer runtime.KeepAlive(i)
	return newImageRef(unsafe.Pointer(copyHeader(i.ref())), govips.ImageTypeUnknown, govips.ImageTypeUnknown, nil)
}

// copyHeader makes an image of its own, so that govips, which edits headers in
// place, and this package, which shares them, do not meet.
func copyHeader(p *C.VipsImage) *C.VipsImage {
	c := C.bv_copy(p)
	if c == nil {
		panic(hinted("copy", ""))
	}
	return c
}
