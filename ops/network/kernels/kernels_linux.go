//go:build cgo && (amd64 || arm64)

package kernels

/*
#cgo CFLAGS: -O3 -I${SRCDIR}/onnxruntime
#cgo LDFLAGS: -lm
#include <stdlib.h>
#include "ort.h"
*/
import "C"

import (
	"errors"
	"sync"
	"unsafe"
)

// Sets names the instruction sets that the kernels are compiled for and this processor
// has, the fastest first.
func Sets() []string { return sets() }

// registering guards what the C code makes once for the process.
var registering sync.Mutex

// Register makes the operators known to sessions that are opened with options
// (an OrtSessionOptions); api is the runtime's table of functions (an OrtApi). set
// is one of [Sets].
func Register(options, api unsafe.Pointer, set string) error {
	registering.Lock()
	defer registering.Unlock()
	name := C.CString(set)
	defer C.free(unsafe.Pointer(name))
	message := C.burnish_kernels_register((*C.struct_OrtSessionOptions)(options), (*C.struct_OrtApi)(api), name)
	if message == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(message))
	return errors.New("register operators: " + C.GoString(message))
}
