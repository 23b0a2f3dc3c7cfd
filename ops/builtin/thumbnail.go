package builtin

import (
	"context"

	"github.com/burnish-photo/burnish/ops"
)

// thumbnailSpec describes an operator that brings a photo into a small box for galleries. Its parameters are
// those of resize; without a side, the box is 320 by 320.
func thumbnailSpec() ops.Spec {
	s := resizeSpec()
	s.Name = "thumbnail"
	s.Summary = "fit inside a small box, 320 by 320 by default; parameters as of resize"
	s.Example = "thumbnail: {width: 320, height: 320}"
	s.Config = func() ops.Config { return &thumbnailConfig{resizeConfig{Mode: "fit", Focus: "centre"}} }
	return s
}

// thumbnailConfig is a resizeConfig with a box of its own where none is given.
type thumbnailConfig struct {
	resizeConfig `yaml:",inline"`
}

func (c *thumbnailConfig) Validate() error { return c.checkFocus() }

func (c *thumbnailConfig) Build(ctx context.Context, env ops.Env) (ops.Operator, error) {
	const usual = 320
	switch {
	case c.Width == 0 && c.Height == 0:
		c.Width, c.Height = usual, usual
	case c.Mode != "fit": // a square
		c.Width, c.Height = max(c.Width, c.Height), max(c.Width, c.Height)
	}
	return c.resizeConfig.Build(ctx, env)
}
