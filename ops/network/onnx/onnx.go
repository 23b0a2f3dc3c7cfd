// Package onnx runs restoration networks on ONNX Runtime. It starts the runtime
// library once a process, opens models that carry Burnish's contract in their
// metadata, and runs them on the device asked for or, said aloud, on the CPU.
//
// It is the only importer of onnxruntime_go. It knows tensors of N×3×H×W
// float32 and nothing of photos, tiles or files other than the model's.
package onnx

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"github.com/burnish-photo/burnish/ops/device"
	ort "github.com/yalue/onnxruntime_go"
)

// apiVersion is the version of ONNX Runtime's C API that onnxruntime_go was
// built with; a library must be at least 1.apiVersion.
const apiVersion = 26

// ErrNotStarted is returned by everything that needs the runtime before [Start].
var ErrNotStarted = errors.New("onnx runtime has not been started")

// process holds the one library of this process.
var process struct {
	sync.RWMutex
	lib     *native
	plugins []string // registered plug-in providers, in order
}

// Start loads ONNX Runtime from lib and starts it, once a process. An empty lib
// is looked for as [searchPath] says. Models have to be closed
// before stop is called; after stop the runtime may be started again, with the
// same library.
func Start(lib string) (stop func() error, err error) {
	process.Lock()
	defer process.Unlock()
	if process.lib != nil {
		return nil, fmt.Errorf("onnx runtime has been started already, from %s", process.lib.path)
	}
	n, err := find(lib)
	if err != nil {
		return nil, err
	}
	if err := n.start(); err != nil {
		return nil, fmt.Errorf("start onnx runtime %s from %s: %w", n.version, n.path, err)
	}
	ort.SetSharedLibraryPath(n.path)
	if err := ort.InitializeEnvironment(); err != nil {
		n.stop()
		return nil, fmt.Errorf("start onnx runtime %s from %s: %w", n.version, n.path, err)
	}
	process.lib = n
	return sync.OnceValue(shutdown), nil
}

func shutdown() error {
	process.Lock()
	defer process.Unlock()
	if stuck.Load() { // the process's end takes it down
		return nil
	}
	var errs []error
	for _, name := range slices.Backward(process.plugins) {
		errs = append(errs, ort.UnregisterExecutionProviderLibrary(name))
	}
	errs = append(errs, ort.DestroyEnvironment())
	process.lib.stop()
	process.lib, process.plugins = nil, nil
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("stop onnx runtime: %w", err)
	}
	return nil
}

// started returns the library, or nil before Start and after stop.
func started() *native {
	process.RLock()
	defer process.RUnlock()
	return process.lib
}

// Version is the version of the library that was started, "" without one.
func Version() string {
	if n := started(); n != nil {
		return n.version
	}
	return ""
}

// Library is the path of the library that was started, "" without one.
func Library() string {
	if n := started(); n != nil {
		return n.path
	}
	return ""
}

// Providers names the execution providers on offer: those compiled into the
// library, the most preferred first, then those of plug-ins. That one is on
// offer does not say that its libraries and its hardware are there: only opening
// a model tells.
func Providers() []string {
	n := started()
	if n == nil {
		return nil
	}
	names, err := n.providers()
	if err != nil {
		return nil
	}
	devices, err := ort.GetEpDevices()
	if err != nil {
		return names
	}
	for _, d := range devices {
		if !slices.Contains(names, d.EpName()) {
			names = append(names, d.EpName())
		}
	}
	return names
}

// DeviceOf is the first device of an execution provider.
func DeviceOf(provider string) device.Device {
	if provider == cpuProvider {
		return device.CPU
	}
	for name, k := range kinds {
		if k.provider == provider {
			return device.Device{Kind: name}
		}
	}
	return device.Device{Kind: provider}
}

// RegisterProvider adds a plug-in execution provider: a library that ONNX
// Runtime loads at run time. Its devices can then be asked for like those of
// the providers that are built in.
func RegisterProvider(name, path string) error {
	process.Lock()
	defer process.Unlock()
	if process.lib == nil {
		return fmt.Errorf("register execution provider %s: %w", name, ErrNotStarted)
	}
	if slices.Contains(process.plugins, name) {
		return fmt.Errorf("execution provider %s is registered already", name)
	}
	path, err := filepath.Abs(path)
	if err == nil {
		err = keepSignals(func() error { return ort.RegisterExecutionProviderLibrary(name, path) })
	}
	if err != nil {
		return fmt.Errorf("execution provider %s from %s (restore.runtime.providers): %s: %w", name, path, explain(err), err)
	}
	process.plugins = append(process.plugins, name)
	return nil
}
