// Package plugin is Burnish as a library: what a media server embeds, and what
// the burnish command itself is a host of.
//
// A host calls [Start] once, opens an [Engine] from a configuration and a
// registry of operators, and hands it jobs. An engine never writes to a
// source, never publishes an output that it has not read back, and does no
// work twice that its ledger remembers.
package plugin

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"

	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/admission"
)

// Runtime says how the native libraries run in this process.
type Runtime struct {
	// Threads that libvips may use for one photo; 0: the cores, 4 at most.
	Threads int
	// Log takes the libraries' warnings; nil: slog's default.
	Log *slog.Logger
}

// native is the one set of native libraries of this process.
var native struct {
	sync.Mutex
	started   bool
	library   string
	providers []string
	stopONNX  func() error
}

// Start starts libvips. ONNX Runtime follows with the first engine that runs a
// network, since the configuration names its library. Each is started once a process and can not
// be started again after stop, which the host calls when every engine is
// closed.
func Start(r Runtime) (stop func() error, err error) {
	native.Lock()
	defer native.Unlock()
	if native.started {
		return nil, errors.New("plugin: Start was called twice in this process")
	}
	if r.Log == nil {
		r.Log = slog.Default()
	}
	if err := vips.Start(vips.Options{Concurrency: cmp.Or(r.Threads, admission.DivideCPU(0, admission.Cores()).Libvips), Log: r.Log}); err != nil {
		return nil, fmt.Errorf("start libvips: %w", err)
	}
	native.started = true
	return stopNative, nil
}

func stopNative() error {
	native.Lock()
	defer native.Unlock()
	var err error
	if native.stopONNX != nil {
		err = native.stopONNX()
		native.stopONNX = nil
	}
	vips.Stop()
	return err
}

// StartRestoration loads ONNX Runtime from library, or the one that ships
// where library is "". [Open] calls it where a pipeline needs it; a host needs it only to learn what the
// library offers before it opens an engine.
func StartRestoration(library string, providers []string) error {
	native.Lock()
	defer native.Unlock()
	if !native.started {
		return errors.New("plugin: Start has not been called")
	}
	if native.stopONNX != nil {
		if library != native.library || !slices.Equal(providers, native.providers) {
			return fmt.Errorf("ONNX Runtime already runs in this process from %s with the providers %q; it cannot run from %q with %q as well", onnx.Library(), native.providers, library, providers)
		}
		return nil
	}
	stop, err := onnx.Start(library)
	if err != nil {
		return err
	}
	for _, p := range providers {
		if err := onnx.RegisterProvider(providerName(p), p); err != nil {
			return errors.Join(err, stop())
		}
	}
	native.stopONNX, native.library, native.providers = stop, library, slices.Clone(providers)
	return nil
}
