package builtin

import (
	"context"
	"strconv"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
)

// rotateConfig are the parameters of rotate.
type rotateConfig struct {
	Degrees int `yaml:"degrees" help:"angle, clockwise" enum:"90,180,270"`
}

// rotateSpec describes an operator that turns a photo by a right angle. What the camera noted in EXIF is
// applied without this step.
func rotateSpec() ops.Spec {
	return ops.Spec{
		Name:    "rotate",
		Summary: "turn clockwise by 90, 180 or 270 degrees, in addition to EXIF orientation",
		Example: "rotate: {degrees: 90}",
		Version: 1,
		Grid:    ops.MovesGrid,
		Config:  func() ops.Config { return &rotateConfig{} },
	}
}

// Build makes the operator.
func (c *rotateConfig) Build(context.Context, ops.Env) (ops.Operator, error) { return rotate(*c), nil }

type rotate rotateConfig

func (r rotate) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	turned, err := in[0].Pixels.Do("rot", vips.Args{"angle": "d" + strconv.Itoa(r.Degrees)})
	if err != nil {
		return ops.Image{}, err
	}
	return in[0].With(turned).At(in[0].Frame.Turned(map[int]int{90: 6, 180: 3, 270: 8}[r.Degrees])), nil
}
