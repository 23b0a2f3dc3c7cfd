// Package coefficients reads the quantized DCT coefficients of JPEG files by
// libjpeg, the library that decodes their pixels: of any sampling, Huffman- or
// arithmetically coded, sequential or progressive. It makes no pixels and knows
// nothing of what the coefficients are for.
//
// # Memory
//
// A file of one scan streams: one row of units is in memory at a time. Files of
// several scans, such as progressive ones, give no row before the last byte;
// their coefficients are kept, up to [InMemory] bytes in memory, above in a
// temporary file that has no name.
//
// # Damage
//
// From the first row on that is not sound, Row returns [ErrDamaged]: a code that
// does not exist, a restart marker out of place, an end that comes too early. Of
// several scans no row is known then.
package coefficients

// #cgo pkg-config: libjpeg
// #include "reader.h"
import "C"

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"github.com/burnish-photo/burnish/ops/handle"
)

// ErrDamaged is coded data that is damaged or missing.
var ErrDamaged = errors.New("the coded data is damaged")

// InMemory is how many bytes of the coefficients of several scans are kept in
// memory.
const InMemory = 16 << 20

// Space is what the components of a file mean.
type Space int

// Spaces; Other is CMYK and what has no name.
const (
	Other Space = C.BC_OTHER
	Gray  Space = C.BC_GRAY
	YCbCr Space = C.BC_YCBCR
	RGB   Space = C.BC_RGB
)

// Component is one plane of the picture.
type Component struct {
	H, V    int // sampling factors
	Columns int // blocks of a row, those that fill up the last unit included
}

// Info is what the header says.
type Info struct {
	Width, Height int // pixels
	Space         Space
	Components    []Component
	// UnitWidth and UnitHeight are the sides in pixels of a unit: the blocks of
	// all components that show one part of the picture.
	UnitWidth, UnitHeight int
	Rows                  int // of units
}

// Table is how one component was quantized.
type Table struct {
	Steps [64]uint16
	Known [64]bool // whether the file gives the coefficient in full
}

// Plane is what one row of units has of a component: V rows of Columns blocks,
// of 64 coefficients each, row by row from the lowest frequency.
type Plane []int16

// Reader reads one file from the top down. It is not safe for concurrent use.
type Reader struct {
	Info
	file    *os.File
	own     bool
	scratch string
	// inMemory is how many bytes are kept in memory.
	inMemory int64
	c        *C.bc_reader
	clean    runtime.Cleanup
	tables   []Table
	next     int
	err      error
}

// Open reads the header of a file. scratch is the folder of temporary files; ""
// is the system's. The caller closes the reader.
func Open(path, scratch string) (*Reader, error) {
	f, err := handle.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := New(f.Descriptor(), scratch)
	if err != nil {
		f.Close()
		return nil, err
	}
	r.own = true
	return r, nil
}

// New is Open of a file that is open and stays the caller's. It reads by
// position, so that nobody else's place in the file matters.
func New(f *os.File, scratch string) (*Reader, error) {
	r := &Reader{file: f, scratch: scratch, inMemory: InMemory}
	if err := r.open(); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Reader) open() error {
	c := C.bc_new(C.int(r.file.Fd()))
	if c == nil {
		return errors.New("out of memory")
	}
	var h C.bc_info
	if C.bc_header(c, &h) != C.BC_OK {
		defer C.bc_close(c)
		return fmt.Errorf("jpeg: %s", C.GoString(C.bc_message(c)))
	}
	r.Info = Info{Width: int(h.width), Height: int(h.height), Space: Space(h.space), Rows: int(h.rows)}
	for _, n := range h.component[:h.components] {
		r.Components = append(r.Components, Component{H: int(n.h), V: int(n.v), Columns: int(n.columns)})
		r.UnitWidth, r.UnitHeight = max(r.UnitWidth, 8*int(n.h)), max(r.UnitHeight, 8*int(n.v))
	}
	r.c, r.next, r.tables, r.err = c, 0, nil, nil
	r.clean = runtime.AddCleanup(r, func(c *C.bc_reader) { C.bc_close(c) }, c)
	return nil
}

// Close gives everything back. It may be called more than once.
func (r *Reader) Close() {
	r.release()
	if r.own {
		r.file.Close()
		r.own = false
	}
}

func (r *Reader) release() {
	if r.c != nil {
		r.clean.Stop()
		C.bc_close(r.c)
		r.c = nil
	}
}

// Row is the n-th row of units, a plane a component, valid until the next call.
// Rows come in order; an earlier one than the last has the file read again.
func (r *Reader) Row(n int) ([]Plane, error) {
	if n < 0 || n >= r.Rows {
		return nil, fmt.Errorf("jpeg: row %d of %d", n, r.Rows)
	}
	if r.c == nil || n < r.next {
		r.release()
		if err := r.open(); err != nil {
			return nil, err
		}
	}
	for {
		planes, err := r.read()
		if err != nil || r.next > n {
			return planes, err
		}
	}
}

func (r *Reader) read() ([]Plane, error) {
	if r.err != nil {
		return nil, r.err
	}
	if r.tables == nil {
		if r.err = r.start(); r.err != nil {
			return nil, r.err
		}
	}
	var blocks [C.BC_COMPONENTS]*C.int16_t
	if r.err = r.failure(C.bc_row(r.c, &blocks[0])); r.err != nil {
		return nil, r.err
	}
	r.next++
	planes := make([]Plane, len(r.Components))
	for i, c := range r.Components {
		planes[i] = unsafe.Slice((*int16)(blocks[i]), 64*c.V*c.Columns)
	}
	return planes, nil
}

// start reads up to the first row: of several scans, all of the file.
func (r *Reader) start() error {
	temp := -1
	if int64(C.bc_kept(r.c)) > r.inMemory {
		f, err := unnamed(r.scratch)
		if err != nil {
			return fmt.Errorf("keep coefficients in a temporary file: %w", err)
		}
		temp = f
	}
	if err := r.failure(C.bc_start(r.c, C.int(temp), C.int64_t(r.inMemory))); err != nil {
		return err
	}
	tables := make([]Table, len(r.Components))
	for i := range tables {
		var steps [64]C.uint16_t
		var known [64]C.uint8_t
		if err := r.failure(C.bc_table(r.c, C.int(i), &steps[0], &known[0])); err != nil {
			return err
		}
		for k := range 64 {
			tables[i].Steps[k], tables[i].Known[k] = uint16(steps[k]), known[k] != 0
		}
	}
	r.tables = tables
	return nil
}

// Tables are those of the components; nil before the first row.
func (r *Reader) Tables() []Table { return r.tables }

func (r *Reader) failure(status C.bc_status) error {
	switch status {
	case C.BC_OK:
		return nil
	case C.BC_DAMAGED:
		return ErrDamaged
	}
	return fmt.Errorf("jpeg: %s", C.GoString(C.bc_message(r.c)))
}
