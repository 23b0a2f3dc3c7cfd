// Package builtin lists the operators that ship with Burnish: the friendly
// ones, one file each, PromptCIR, any other network, and every operation of libvips by its name.
package builtin

import (
	"errors"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/libvips"
	"github.com/burnish-photo/burnish/ops/network/step"
	"github.com/burnish-photo/burnish/ops/promptcir"
	"github.com/burnish-photo/burnish/ops/transform"
)

// Specs are the operators that the burnish command offers.
func Specs() []ops.Spec {
	return []ops.Spec{
		promptcir.Spec(),
		step.Spec(),
		libvips.WithLibvipsForm(resizeSpec()),
		libvips.WithLibvipsForm(thumbnailSpec()),
		libvips.WithLibvipsForm(cropSpec()),
		libvips.WithLibvipsForm(rotateSpec()),
		libvips.WithLibvipsForm(sharpenSpec()),
		libvips.WithLibvipsForm(flattenSpec()),
		watermarkSpec(),
		convertSpec(),
		autorotateSpec(),
		transform.Spec(),
		libvips.All(),
	}
}

// box checks a width and height of which at least one has to be given.
func box(width, height int) error {
	if width == 0 && height == 0 {
		return errors.New("needs a width, a height or both")
	}
	return nil
}
