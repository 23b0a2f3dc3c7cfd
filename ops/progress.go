package ops

import (
	"context"

	"github.com/burnish-photo/burnish/ops/vips"
)

// WithProgress lets advanced hear of every step of the work done in ctx: what
// operators tell of, decoding and encoding. It may be called from several
// goroutines, and so are those that ctx has already.
func WithProgress(ctx context.Context, advanced func()) context.Context {
	return vips.WithProgress(ctx, func(at context.Context, done float64) {
		if done > 0 {
			Recording(at).reach(func(r *Recorder) { r.fraction = done })
		}
		advanced()
	})
}

// Progress says that the work on a photo gets on. An operator that takes longer
// than seconds calls it now and then, for a host may end what seems to hang.
func Progress(ctx context.Context) { vips.Progress(ctx) }
