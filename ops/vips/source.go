package vips

// #include "bridge.h"
import "C"

import (
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/burnish-photo/burnish/ops/handle"
)

// source reads a file that is open already, by position: as many as are wanted
// of one descriptor, without opening the file again.
type source struct {
	path string // its handle
	c    *C.VipsSource
}

// newSource makes a source of a handle. What was made of it outlives it.
func newSource(path string) (*source, error) {
	f, err := handle.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	fd, err := unix.FcntlInt(f.Descriptor().Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return &source{path: path, c: C.bv_source_new(C.int(fd))}, nil
}

func (s *source) close() { C.bv_unref(unsafe.Pointer(s.c)) }

func (c *call) setSource(a *Argument, value any) error {
	s, ok := value.(*source)
	if !ok {
		return mismatch(a, value)
	}
	C.bv_set_source(c.op, a.c.name, s.c)
	return nil
}
