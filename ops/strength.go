package ops

import "context"

type strengthKey struct{}

// WithStrength asks the networks of one run for another strength than their
// parameters say: how much of what they change is taken, 0 to 1. Who keeps results
// of steps must not use them for a run with another strength.
func WithStrength(ctx context.Context, strength float64) context.Context {
	return context.WithValue(ctx, strengthKey{}, strength)
}

// Strength is what [WithStrength] asks for; ok is false where nobody did.
func Strength(ctx context.Context) (strength float64, ok bool) {
	strength, ok = ctx.Value(strengthKey{}).(float64)
	return strength, ok
}
