// Package builtin lists the operators that ship with Burnish: the friendly
// ones, one file each, PromptCIR, and every operation of libvips by its name.
package builtin

import (
	"errors"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/libvips"
	"github.com/burnish-photo/burnish/ops/promptcir"
)

// Specs are the operators that the burnish command offers.
func Specs() []ops.Spec {
	return []ops.Spec{
		promptcir.Spec(),
		libvips.Either(Resize()),
		libvips.Either(Thumbnail()),
		libvips.Either(Crop()),
		libvips.Either(Rotate()),
		libvips.Either(Sharpen()),
		libvips.Either(Flatten()),
		Watermark(),
		Convert(),
		Autorotate(),
		libvips.All(),
	}
}

// maxSide is the longest side, in pixels, that geometry may ask for: what the
// common formats can hold.
const maxSide = 65_535

// side checks an optional width or height.
func side(name string, pixels int) error {
	if pixels < 0 || pixels > maxSide {
		return ops.Invalid(name, "must be 1 to %d pixels, got %d", maxSide, pixels)
	}
	return nil
}

// box checks a width and height of which at least one has to be given.
func box(width, height int) error {
	errs := []error{side("width", width), side("height", height)}
	if width == 0 && height == 0 {
		errs = append(errs, errors.New("needs a width, a height or both"))
	}
	return errors.Join(errs...)
}
