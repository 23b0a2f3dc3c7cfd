package ops

import (
	"context"

	"github.com/burnish-photo/burnish/ops/vips"
)

// Cache keeps results of steps that take long, from run to run. Its methods may be
// called from several goroutines. What goes wrong with it costs only the work.
type Cache interface {
	// Get returns what was put under a key. The caller closes its pixels.
	Get(ctx context.Context, key string) (kept Cached, ok bool)
	// Put keeps a result, whose pixels stay the caller's, or does not.
	Put(ctx context.Context, key string, kept Cached)
}

// Cached is the result of a step.
type Cached struct {
	Pixels *vips.Image       // with or without metadata; nil: the step left the photo as it was
	Notes  map[string]string // that the step made
}

type stepKey struct{}

// WithStep names the result of one step on one photo: two steps with one name make
// the same pixels, as far as the graph that they are in decides.
func WithStep(ctx context.Context, name string) context.Context {
	return context.WithValue(ctx, stepKey{}, name)
}

type sourceKey struct{}

// WithSourceCheck lets steps ask whether the file of their photo is what it was when
// it was digested.
func WithSourceCheck(ctx context.Context, unchanged func() error) context.Context {
	return context.WithValue(ctx, sourceKey{}, unchanged)
}

// SourceUnchanged is nil while nothing tells that the photo's file was changed since
// it was digested. What was computed of one that was bears the wrong name.
func SourceUnchanged(ctx context.Context) error {
	if unchanged, ok := ctx.Value(sourceKey{}).(func() error); ok {
		return unchanged()
	}
	return nil
}

// Step is the name that [WithStep] gave; "" where the result may not be kept.
func Step(ctx context.Context) string {
	name, _ := ctx.Value(stepKey{}).(string)
	return name
}
