// Package vips is Burnish's door to libvips: lazily evaluated images, any
// libvips operation by its nickname, and operators written in Go that stream
// an image strip by strip. Start-up, logging and header facts go through
// govips, and images change hands with it at no cost (FromGovips, Govips).
//
// It knows nothing of pipelines, configuration or neural networks.
//
// # Evaluation
//
// An Image is a recipe: Open, Call, Do and Strips build it and return at once.
// Pixels are made when something consumes them: Save, Materialise, Pixels, or
// an operation that measures (avg, stats). A recipe that starts at a file
// opened with Sequential can be consumed once.
//
// # Ownership and threads
//
// Every *Image that a function returns belongs to the caller, who closes it.
// Images are immutable and reference-counted: an input may be closed as soon as
// the image made from it exists. Any goroutine may use an Image, several at a
// time, so long as none closes it meanwhile.
//
// # Errors
//
// Failures are *Error values: the operation, the file, then the cause. Text
// that libvips adds comes from a buffer shared by the whole process, and may
// belong to another goroutine's failure; it is a hint for people, never
// something to branch on.
package vips

/*
#cgo pkg-config: vips
#include "bridge.h"
*/
import "C"

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"

	govips "github.com/davidbyttow/govips/v2/vips"
)

// Options configure libvips for the whole process.
type Options struct {
	// Concurrency is the number of threads that evaluate one image;
	// 0 means one for each processor Go may use.
	Concurrency int
	// Log receives what libvips prints, its warnings at debug level; nil means
	// slog.Default().
	Log *slog.Logger
}

type state int

const (
	idle state = iota
	running
	stopped
)

var library struct {
	sync.RWMutex
	state state
}

var (
	errIdle    = errors.New("libvips is not started")
	errStopped = errors.New("libvips was stopped and cannot start again in the same process")
)

// Start starts libvips, with its operation cache off, and the shell operation
// "system" and the loaders of untrusted formats blocked. It must return before any other call of this package. Only
// the first call's options count; after Stop it fails, since libvips cannot
// start twice in a process.
func Start(o Options) error {
	library.Lock()
	defer library.Unlock()
	switch library.state {
	case running:
		return nil
	case stopped:
		return errStopped
	}
	log := o.Log
	if log == nil {
		log = slog.Default()
	}
	govips.LoggingSettings(logTo(log), govips.LogLevelWarning)
	threads := o.Concurrency
	if threads <= 0 {
		threads = runtime.GOMAXPROCS(0)
	}
	if err := govips.Startup(&govips.Config{ConcurrencyLevel: threads}); err != nil {
		return fmt.Errorf("start libvips: %w", err)
	}
	// A host may have started govips before us, with a cache: cached
	// operations would hand out sequential images that are already consumed.
	C.vips_cache_set_max(0)
	C.bv_orc_guard()
	setBlocked("VipsSystem", true)
	blockUntrusted()
	library.state = running
	return nil
}

// Stop shuts libvips down for good. Close every Image first. Calling it again,
// or without Start, does nothing.
func Stop() {
	library.Lock()
	defer library.Unlock()
	if library.state != running {
		return
	}
	library.state = stopped
	govips.Shutdown()
}

// ready reports why libvips cannot be called, if so.
func ready() error {
	library.RLock()
	defer library.RUnlock()
	switch library.state {
	case idle:
		return errIdle
	case stopped:
		return errStopped
	}
	return nil
}

// Version returns the version of the libvips in use, like "8.14.1".
func Version() string {
	return fmt.Sprintf("%d.%d.%d", govips.MajorVersion, govips.MinorVersion, govips.MicroVersion)
}

// Memory returns the bytes of pixel memory that libvips holds now and the most
// it held at one time. What codecs allocate for themselves is not counted.
func Memory() (tracked, highwater int64) {
	var stats govips.MemoryStats
	govips.ReadVipsMemStats(&stats)
	return stats.Mem, stats.MemHigh
}

// setBlocked bars a class of operations and all below it, or no longer.
func setBlocked(class string, blocked bool) {
	name := newCString(class)
	defer name.free()
	state := C.gboolean(C.FALSE)
	if blocked {
		state = C.TRUE
	}
	C.vips_operation_block_set(name.p, state)
}

// logTo passes libvips' messages on. Its warnings are only a trace: what is
// serious among them is also returned by whatever consumes the image.
func logTo(log *slog.Logger) govips.LoggingHandlerFunction {
	return func(domain string, level govips.LogLevel, message string) {
		severity := slog.LevelDebug
		if level <= govips.LogLevelCritical {
			severity = slog.LevelError
		}
		log.Log(context.Background(), severity, message, "from", domain)
	}
}
