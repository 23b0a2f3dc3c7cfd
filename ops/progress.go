package ops

import "context"

type progressKey struct{}

// WithProgress lets advanced hear of every step of the work done in ctx. It may
// be called from several goroutines.
func WithProgress(ctx context.Context, advanced func()) context.Context {
	return context.WithValue(ctx, progressKey{}, advanced)
}

// Progress says that the work on a photo gets on. An operator that takes longer
// than seconds calls it now and then, for a host may end what seems to hang.
func Progress(ctx context.Context) {
	if advanced, ok := ctx.Value(progressKey{}).(func()); ok {
		advanced()
	}
}
