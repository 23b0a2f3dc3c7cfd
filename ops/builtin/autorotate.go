package builtin

import (
	"context"

	"github.com/burnish-photo/burnish/ops"
)

// autorotateConfig has no parameters.
type autorotateConfig struct{}

// autorotateSpec describes the operator before which a photo is upright at the latest. The graph turns it as
// EXIF says, once, before any step that moves pixels: this one moves none.
func autorotateSpec() ops.Spec {
	return ops.Spec{
		Name:       "autorotate",
		Summary:    "apply EXIF orientation here at the latest; it is always applied before geometry and outputs",
		Example:    "autorotate: {}",
		Version:    1,
		Grid:       ops.MovesGrid,
		Sequential: true,
		Config:     func() ops.Config { return &autorotateConfig{} },
	}
}

// Build makes the operator.
func (*autorotateConfig) Build(context.Context, ops.Env) (ops.Operator, error) {
	return autorotate{}, nil
}

type autorotate struct{}

func (autorotate) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	return in[0].Same(), nil
}
