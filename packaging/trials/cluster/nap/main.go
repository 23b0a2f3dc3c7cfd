// Command nap is burnish with an operator that takes its time and no core: what a
// GPU is to the machine that it is in.
package main

import (
	"context"
	"os"
	"time"

	"github.com/burnish-photo/burnish/cmd"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
)

// nap waits before it passes a photo on.
type nap struct {
	Seconds float64 `yaml:"seconds" help:"time that a photo takes" range:"0,60"`
}

// Build makes the operator.
func (n *nap) Build(context.Context, ops.Env) (ops.Operator, error) { return *n, nil }

// Apply waits.
func (n nap) Apply(ctx context.Context, in []ops.Image) (ops.Image, error) {
	select {
	case <-time.After(time.Duration(n.Seconds * float64(time.Second))):
		return in[0].Same(), nil
	case <-ctx.Done():
		return ops.Image{}, context.Cause(ctx)
	}
}

func main() {
	spec := ops.Spec{Name: "nap", Summary: "take time", Version: 1, Grid: ops.KeepsGrid, Sequential: true, Config: func() ops.Config { return &nap{} }}
	os.Exit(cmd.Main(append(builtin.Specs(), spec)...))
}
