//go:build !linux || !cgo || (!amd64 && !arm64)

package kernels

import (
	"errors"
	"unsafe"
)

// Sets names the instruction sets that the kernels are compiled for; here there are none.
func Sets() []string { return nil }

// Register makes the operators known to sessions; here there are none.
func Register(_, _ unsafe.Pointer, _ string) error { return errors.ErrUnsupported }
