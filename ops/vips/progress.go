package vips

// #include "bridge.h"
import "C"

import (
	"context"
	"runtime"
	"runtime/cgo"
	"time"
)

type progressKey struct{}

// WithProgress lets advanced hear, now and then, that pixels are made in a context
// below ctx, which it is given: as an image is saved or materialised. done is the
// fraction of that which is done, 0 where it is not known. It may be called from
// several goroutines and threads, and so are those that ctx has already.
// Encoders that take an image whole (WebP, AVIF, JPEG XL) do not say how far they
// are: for them it is told for as long as such an encoder may well take.
func WithProgress(ctx context.Context, advanced func(at context.Context, done float64)) context.Context {
	outer := ctx
	return context.WithValue(ctx, progressKey{}, func(at context.Context, done float64) {
		advanced(at, done)
		tell(outer, at, done)
	})
}

// Progress says that the work in ctx gets on.
func Progress(ctx context.Context) { tell(ctx, ctx, 0) }

// tell lets those of ctx know of what goes on below it.
func tell(ctx, at context.Context, done float64) {
	if advanced, ok := ctx.Value(progressKey{}).(func(context.Context, float64)); ok {
		advanced(at, done)
	}
}

// often is how much time passes between two calls of one evaluation, at least.
const often = C.BV_PROGRESS_EVERY * time.Microsecond

// telling lets the evaluation of i, which nobody shares, tell of its progress,
// until stop is called.
func (i *Image) telling(ctx context.Context) (stop func()) {
	if ctx.Value(progressKey{}) == nil {
		return func() {}
	}
	handle := cgo.NewHandle(ctx)
	id := C.bv_on_progress(i.ref(), C.uintptr_t(handle))
	return func() {
		C.g_signal_handler_disconnect(C.gpointer(i.ref()), id)
		runtime.KeepAlive(i)
		handle.Delete()
	}
}

//export burnishAdvanced
func burnishAdvanced(handle C.uintptr_t, done C.double) {
	ctx := cgo.Handle(handle).Value().(context.Context)
	tell(ctx, ctx, float64(done))
}

// perMegapixel is how long an encoder that takes an image whole may well take
// for each of its megapixels; the first is given it twice.
const perMegapixel = time.Minute

// vouching tells of progress for as long as encoding i whole may well take, or
// until stop is called.
func (i *Image) vouching(ctx context.Context, saver string) (stop func()) {
	switch saver {
	case "webpsave", "heifsave", "jxlsave":
	default:
		return func() {}
	}
	if ctx.Value(progressKey{}) == nil {
		return func() {}
	}
	megapixels := float64(i.Width()) * float64(i.Height()) / 1e6
	within, cancel := context.WithTimeout(ctx, time.Duration((1+megapixels)*float64(perMegapixel)))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(often)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				Progress(ctx)
			case <-within.Done():
				return
			}
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}
