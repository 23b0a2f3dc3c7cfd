//go:build linux && cgo

package kernels

/*
#cgo CFLAGS: -O3 -march=haswell -I${SRCDIR}/onnxruntime
#cgo LDFLAGS: -lm
#include <stdlib.h>
#include "ort.h"
*/
import "C"

import (
	"errors"
	"sync"
	"unsafe"

	"golang.org/x/sys/cpu"
)

// Available reports whether this processor has what the code was compiled for.
func Available() bool {
	x := cpu.X86
	return x.HasAVX2 && x.HasFMA && x.HasBMI1 && x.HasBMI2 && x.HasPOPCNT && x.HasSSE42 && x.HasOSXSAVE && C.burnish_kernels_processor() != 0
}

// registering guards what the C code makes once for the process.
var registering sync.Mutex

// Register makes the operators known to sessions that are opened with options
// (an OrtSessionOptions); api is the runtime's table of functions (an OrtApi).
// Only where [Available] says so.
func Register(options, api unsafe.Pointer) error {
	registering.Lock()
	defer registering.Unlock()
	message := C.burnish_kernels_register((*C.struct_OrtSessionOptions)(options), (*C.struct_OrtApi)(api))
	if message == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(message))
	return errors.New("register operators: " + C.GoString(message))
}
