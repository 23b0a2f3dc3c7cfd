package onnx

/*
#cgo CFLAGS: -I${SRCDIR}/../kernels/onnxruntime
#cgo LDFLAGS: -ldl
#include <stdlib.h>
#include "native.h"
*/
import "C"

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/burnish-photo/burnish/ops/network/kernels"
	ort "github.com/yalue/onnxruntime_go"
)

// native is an opened ONNX Runtime library.
type native struct {
	handle        unsafe.Pointer
	version, path string
	ort           C.BurnishOrt
	// stuck says that the environment cannot be released: ONNX Runtime 1.27
	// crashes there once its WebGPU provider has found no adapter.
	stuck atomic.Bool
}

// cError takes over a message from C.
func cError(message *C.char) error {
	if message == nil {
		return nil
	}
	return errors.New(cString(message))
}

// cString takes over a string from C.
func cString(s *C.char) string {
	defer C.free(unsafe.Pointer(s))
	return strings.TrimSpace(C.GoString(s))
}

// loadNative opens the library lib, a path or a name for the system's loader,
// without starting anything in it.
func loadNative(lib string) (*native, error) {
	name := C.CString(lib)
	defer C.free(unsafe.Pointer(name))
	var version, path *C.char
	n := &native{}
	if err := cError(C.burnish_ort_load(name, &n.handle, &version, &path)); err != nil {
		return nil, err
	}
	n.version, n.path = cString(version), cString(path)
	return n, nil
}

// unload closes a library that was never started.
func (n *native) unload() { C.burnish_ort_unload(n.handle) }

// start makes the environment with our log function. It has to come before
// onnxruntime_go's own: the environment is one for the whole process, and who
// comes first sets where its messages go.
func (n *native) start() error {
	return cError(C.burnish_ort_start(&n.ort, n.handle, apiVersion))
}

func (n *native) stop() {
	if !n.stuck.Load() {
		C.burnish_ort_stop(&n.ort)
	}
}

// providers lists the execution providers that the library was compiled with.
func (n *native) providers() ([]string, error) {
	var names *C.char
	if err := cError(C.burnish_ort_providers(&n.ort, &names)); err != nil {
		return nil, err
	}
	return strings.Fields(cString(names)), nil
}

// burnishOrtLog receives ONNX Runtime's messages, which would otherwise go to
// standard error. Whatever matters reaches the caller as an error too, so they
// are for debugging only.
//
//export burnishOrtLog
func burnishOrtLog(severity C.int, place, text *C.char) {
	level := slog.LevelDebug
	if severity >= 4 { // fatal
		level = slog.LevelError
	}
	if log := slog.Default(); log.Enabled(context.Background(), level) {
		log.Log(context.Background(), level, "onnx runtime: "+strings.TrimSpace(C.GoString(text)), "place", C.GoString(place))
	}
}

var signalsMu sync.Mutex

// keepSignals runs f, which initialises a GPU provider, and undoes what f did to
// the signal handlers: CUDA's replace Go's with handlers that do not run on the
// signal stack, and the next SIGTERM would end the process with a panic.
func keepSignals(f func() error) error {
	signalsMu.Lock()
	defer signalsMu.Unlock()
	saved := C.burnish_signals_save()
	defer C.burnish_signals_restore(saved)
	return f()
}

// registerBlocks makes our own operators, by a set of kernels, known to a session
// that is opened with so.
func registerBlocks(so *ort.SessionOptions, set string) error {
	v := reflect.ValueOf(so).Elem().FieldByName("o")
	if !v.IsValid() || v.Kind() != reflect.Pointer || v.IsNil() {
		return errors.New("onnxruntime_go keeps its session options otherwise than expected")
	}
	return kernels.Register(v.UnsafePointer(), unsafe.Pointer(started().ort.api), set)
}
