package plugin

import (
	"fmt"
	"slices"

	"github.com/burnish-photo/burnish/ops/vips"
)

// accept judges a file by its format and its length, before any of it is
// decoded or read in full. A reason says that it is passed over.
func (w *work) accept(format string) (reason string, err error) {
	if format == "raw" {
		return "a camera's raw file, which Burnish does not develop", nil
	}
	if slices.Contains(vips.Untrusted(), format) {
		if !slices.Contains(w.job.Allow, format) {
			return fmt.Sprintf("%s is not taken in: what reads it is not safe for files of unknown origin; where they can be trusted, allow %s", format, format), nil
		}
		vips.Allow(format)
	}
	if limit := w.engine.config.Limits.Bytes; limit > 0 && w.info.Size() > limit {
		return "", w.fail(TooLarge, fmt.Errorf("%d bytes are over the limit of %d", w.info.Size(), limit), "raise limits.bytes to process it")
	}
	return "", nil
}

// withinLimits refuses a photo of too many pages or pixels, by its header.
func (w *work) withinLimits(h vips.Header) error {
	if limit := w.engine.config.Limits.Pages; limit > 0 && h.Pages > limit {
		return w.fail(TooLarge, fmt.Errorf("%d pages are over the limit of %d", h.Pages, limit), "raise limits.pages to process it")
	}
	limit := w.engine.config.Limits.Megapixels
	pages, _ := w.pages(h)
	if mp := float64(h.Width) * float64(h.Height) * float64(max(1, pages)) / 1e6; mp > limit {
		return w.fail(TooLarge, fmt.Errorf("%d×%d pixels are %.1f megapixels, over the limit of %g", h.Width, h.Height, mp, limit),
			fmt.Sprintf("raise limits.megapixels to %.0f or more to process it", mp+1))
	}
	return nil
}
