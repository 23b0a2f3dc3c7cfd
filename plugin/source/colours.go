package source

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/colour"
	"github.com/burnish-photo/burnish/plugin/failure"
)

// coloursNote is the note that says what of a photo's colours was not as it
// should be, and what was made of it.
const coloursNote = "colours"

// inColour is a page as decoded in a form that steps and outputs work in, with a
// profile that fits its pixels or none. It takes img over.
func (p *Photo) inColour(ctx context.Context, img ops.Image, page int) (ops.Image, error) {
	pixels, notes, err := colour.Read(p.Content(), img.Source.Format, page, img.Pixels)
	img.Close()
	var none *colour.NoPictureError
	switch {
	case errors.As(err, &none):
		return ops.Image{}, p.Fail(failure.Unfit, fmt.Errorf("its colours cannot be shown: %w", none), "")
	case err != nil:
		return ops.Image{}, p.Damaged(err)
	}
	if len(notes) > 0 {
		ops.Note(ctx, coloursNote, strings.Join(notes, "; "))
	}
	img.Pixels = pixels
	return img, nil
}
