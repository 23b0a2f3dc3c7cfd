package vips

// #include "bridge.h"
import "C"

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"
)

// Error is a failed operation.
type Error struct {
	Op   string // libvips nickname, or what was attempted: "open", "materialise"
	File string // the file concerned, if any
	Hint string // libvips' text, possibly another goroutine's: never branch on it
	Err  error  // the cause when it is known to Go: a Strips function's error, a context's, an os error
}

// Error reads "operation file: cause".
func (e *Error) Error() string {
	where := e.Op
	if e.File != "" {
		where += " " + e.File
	}
	switch {
	case e.Err != nil:
		return where + ": " + e.Err.Error()
	case e.Hint != "":
		return where + ": " + e.Hint
	}
	return where + ": libvips gave no reason"
}

// Unwrap returns the cause, nil when libvips alone knows it.
func (e *Error) Unwrap() error { return e.Err }

// hinted makes an Error of what libvips left in its error buffer, which this
// empties.
func hinted(op, file string) *Error {
	text := C.vips_error_buffer_copy()
	defer C.g_free(C.gpointer(unsafe.Pointer(text)))
	return &Error{Op: op, File: file, Hint: oneLine(C.GoString(text))}
}

// oneLine joins the lines that libvips has written.
func oneLine(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == '\n' }), "; ")
}

// wrap gives err an operation and a file, unless it is nil.
func wrap(op, file string, err error) error {
	if err == nil {
		return nil
	}
	var inner *Error
	if errors.As(err, &inner) && inner.Op == op && inner.File == file {
		return err
	}
	return &Error{Op: op, File: file, Err: err}
}

// misuse is an error in a call's arguments, found before libvips sees it.
func misuse(op, format string, args ...any) error {
	return &Error{Op: op, Err: fmt.Errorf(format, args...)}
}

// cString is a Go string copied for C.
type cString struct{ p *C.char }

func newCString(s string) cString { return cString{C.CString(s)} }
func (c cString) free()           { C.free(unsafe.Pointer(c.p)) }

// forgetHints empties libvips' error buffer, after an operation that succeeded
// and yet left text there.
func forgetHints() { C.vips_error_clear() }
