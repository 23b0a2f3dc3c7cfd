package vips

// #include "bridge.h"
import "C"

import (
	"context"
	"os"
	"runtime"
	"runtime/cgo"
	"unsafe"
)

// ScratchPattern is how Materialise names its files (as in os.CreateTemp), for
// whoever sweeps up after a crash.
const ScratchPattern = "burnish-scratch-*.v"

// Materialise evaluates the image once, top to bottom, and returns the pixels
// as an image with the same metadata that may be read in any order, any number
// of times: in memory when they are at most limit bytes (see Size), else in a
// scratch file in dir, or in os.TempDir() when dir is "". The file has no name
// any more when Materialise returns; its space is freed with the last image
// made from it.
//
// When ctx ends first, evaluation stops at the next strip or tile and the
// context's error is returned; the image itself stays good, unless it streams
// from a file. The decoding of a file opened with Random is not interrupted.
func (i *Image) Materialise(ctx context.Context, limit int64, dir string) (*Image, error) {
	const op = "materialise"
	var out *Image
	err := i.evaluate(ctx, op, "", func(c *Image) (err error) {
		if i.Size() <= limit {
			out, err = c.toMemory()
		} else {
			out, err = c.toScratch(dir)
		}
		return err
	})
	if err != nil {
		if out != nil {
			out.Close()
		}
		return nil, wrap(op, "", err)
	}
	return out, nil
}

// Drain evaluates the image once, top to bottom, and keeps no pixels: for what
// [Strips] notes of the rows that pass. It ends with ctx as Materialise does.
func (i *Image) Drain(ctx context.Context) error {
	const op = "drain"
	return wrap(op, "", i.evaluate(ctx, op, "", func(c *Image) error {
		out, err := Call("avg", Args{"in": c})
		out.Close()
		return err
	}))
}

// toMemory evaluates into memory. The image is private to the caller.
func (i *Image) toMemory() (*Image, error) {
	defer runtime.KeepAlive(i)
	p := C.bv_to_memory(i.ref())
	if p == nil {
		return nil, hinted("write to memory", "")
	}
	C.bv_copy_metadata(i.ref(), p)
	return own(p), nil
}

// toScratch evaluates into a file that is unlinked as soon as it is open.
// Metadata stays in memory: the file's format cannot hold all of it. The
// image is private to the caller.
func (i *Image) toScratch(dir string) (*Image, error) {
	file, err := os.CreateTemp(dir, ScratchPattern)
	if err != nil {
		return nil, err
	}
	name := file.Name()
	defer os.Remove(name)
	if err := file.Close(); err != nil {
		return nil, err
	}
	bare, err := i.copy()
	if err != nil {
		return nil, err
	}
	defer bare.Close()
	C.bv_strip_metadata(bare.ref())
	if _, err := Call("vipssave", Args{"in": bare, "filename": name}); err != nil {
		return nil, err
	}
	loaded, err := Call("vipsload", Args{"filename": name})
	if err != nil {
		return nil, err
	}
	defer loaded.Close()
	out, err := loaded["out"].(*Image).copy()
	if err != nil {
		return nil, err
	}
	C.bv_copy_metadata(i.ref(), out.ref())
	runtime.KeepAlive(i)
	return out, nil
}

// copy returns a new image of the same pixels that nobody shares yet, so its
// header may be changed.
func (i *Image) copy() (*Image, error) {
	defer runtime.KeepAlive(i)
	p := C.bv_copy(i.ref())
	if p == nil {
		return nil, hinted("copy", "")
	}
	return own(p), nil
}

// evaluate lets run consume the pixels of i through c, a private image that the
// end of ctx kills. It returns, first of all that apply: the context's error,
// the error of a decoder or a Go operator anywhere upstream, run's error, that
// of any other operation upstream.
func (i *Image) evaluate(ctx context.Context, op, file string, run func(c *Image) error) error {
	if err := ctx.Err(); err != nil {
		return wrap(op, file, err)
	}
	if err := fault([]*Image{i}); err != nil {
		return wrap(op, file, err)
	}
	c, err := i.watched(op, file)
	if err != nil {
		return wrap(op, file, err)
	}
	defer c.Close()
	killed := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		C.vips_image_set_kill(c.ref(), C.TRUE)
		close(killed)
	})
	quiet := c.telling(ctx)
	err = run(c)
	quiet()
	if !stop() {
		<-killed
		return wrap(op, file, ctx.Err())
	}
	if broken := fault([]*Image{i}); broken != nil {
		return wrap(op, file, broken)
	}
	if err != nil {
		return err
	}
	return fault([]*Image{c})
}

// fault returns the error of the first decoder or Go operator upstream of the
// images that has failed, nil when none has.
func fault(images []*Image) error {
	for _, image := range images {
		for _, f := range image.fallible() {
			if err := f.fault(); err != nil {
				return err
			}
		}
	}
	return nil
}

// fallible is what the image is made with that keeps its own errors.
func (i *Image) fallible() []interface{ fault() error } {
	defer runtime.KeepAlive(i)
	var n C.int
	list := C.bv_strips_handles(i.ref(), &n)
	defer C.g_free(C.gpointer(unsafe.Pointer(list)))
	var found []interface{ fault() error }
	for _, handle := range unsafe.Slice(list, int(n)) {
		found = append(found, cgo.Handle(handle).Value().(interface{ fault() error }))
	}
	return found
}
