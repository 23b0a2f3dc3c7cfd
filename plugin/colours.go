package plugin

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/colour"
)

// coloursNote is the note that says what of a photo's colours was not as it
// should be, and what was made of it.
const coloursNote = "colours"

// inColour is a page as decoded in a form that steps and outputs work in, with a
// profile that fits its pixels or none. It takes img over.
func (w *work) inColour(ctx context.Context, img ops.Image, page int) (ops.Image, error) {
	pixels, notes, err := colour.Read(w.content, img.Source.Format, page, img.Pixels)
	img.Close()
	var none *colour.NoPictureError
	switch {
	case errors.As(err, &none):
		return ops.Image{}, w.fail(Unfit, fmt.Errorf("its colours cannot be shown: %w", none), "")
	case err != nil:
		return ops.Image{}, w.damaged(err)
	}
	if len(notes) > 0 {
		ops.Note(ctx, coloursNote, strings.Join(notes, "; "))
	}
	img.Pixels = pixels
	return img, nil
}
