package vips

// #include "bridge.h"
import "C"

import (
	"runtime"
	"runtime/cgo"
	"unsafe"
)

// reading remembers that pixels could not be read from an image.
type reading struct {
	failure
	op, file string // for the error
}

// watched is the same image with a memory for failed reads. Libvips (8.14 at
// least) looks whether one of its threads has failed before the last of them
// has ended, so that the end of a truncated file may come out black without an
// error; and once made, a black tile stays in its cache. Whoever evaluates the
// image therefore asks this memory too, once all threads have ended.
func (i *Image) watched(op, file string) (*Image, error) {
	defer runtime.KeepAlive(i)
	p := C.bv_watch_new(i.ref(), newHandle(&reading{op: op, file: file}))
	if p == nil {
		return nil, hinted(op, file)
	}
	return own(p), nil
}

//export burnishReadFailed
func burnishReadFailed(handle C.uintptr_t) {
	r := cgo.Handle(handle).Value().(*reading)
	if r.fault() != nil {
		return
	}
	text := C.vips_error_buffer_copy()
	defer C.g_free(C.gpointer(unsafe.Pointer(text)))
	r.fail(&Error{Op: r.op, File: r.file, Hint: oneLine(C.GoString(text))})
}
