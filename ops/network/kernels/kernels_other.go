//go:build !amd64 || !linux || !cgo

package kernels

import (
	"errors"
	"unsafe"
)

// Available reports whether this processor has what the code was compiled for.
func Available() bool { return false }

// Register makes the operators known to sessions; here there are none.
func Register(_, _ unsafe.Pointer) error { return errors.ErrUnsupported }
