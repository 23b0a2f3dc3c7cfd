package source

import (
	"fmt"
	"math"
	"slices"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/failure"
)

// taken is why files of the photo's format are passed over; "" where they are
// not.
func (p *Photo) taken() string {
	if p.format == "raw" {
		return "a camera's raw file, which Burnish does not develop"
	}
	if slices.Contains(vips.Untrusted(), p.format) {
		if !slices.Contains(p.Allow, p.format) {
			return fmt.Sprintf("%s is not accepted: its decoder is not safe for files of unknown origin; for trusted files add %s to allow_formats (--allow-formats)", p.format, p.format)
		}
		vips.Allow(p.format)
	}
	return ""
}

// withinBytes refuses a photo that is too long, or whose metadata would take too
// much memory, before anything decompresses it.
func (p *Photo) withinBytes() (err error) {
	if limit := p.Limits.Bytes; limit.Most > 0 && float64(p.File.Info.Size()) > limit.Most {
		return p.Fail(failure.TooLarge, fmt.Errorf("%d bytes are over the limit of %.0f", p.File.Info.Size(), limit.Most), "raise "+limit.Key+" to process it")
	}
	limit := p.Limits.Metadata
	most := int64(limit.Most)
	if most <= 0 {
		most = math.MaxInt64
	}
	if p.unfolded, err = vips.Unfolded(p.Content(), p.format, most); err != nil {
		return p.Unreadable(err)
	}
	if p.unfolded > most {
		return p.Fail(failure.TooLarge, fmt.Errorf("its metadata and colour profile unfold to more than the limit of %d bytes", most), "raise "+limit.Key+" to process it")
	}
	return nil
}

// withinLimits refuses a photo of too many pages or pixels, by its header.
func (p *Photo) withinLimits(h vips.Header) error {
	if limit := p.Limits.Pages; limit.Most > 0 && float64(h.Pages) > limit.Most {
		return p.Fail(failure.TooLarge, fmt.Errorf("%d pages are over the limit of %.0f", h.Pages, limit.Most), "raise "+limit.Key+" to process it")
	}
	pages, limit := 1, p.Limits.Megapixels
	if p.Limits.AllPages {
		pages = max(1, h.Pages)
	}
	if mp := float64(h.Width) * float64(h.Height) * float64(pages) / 1e6; mp > limit.Most {
		return p.Fail(failure.TooLarge, fmt.Errorf("%d×%d pixels are %.1f megapixels, over the limit of %g", h.Width, h.Height, mp, limit.Most),
			fmt.Sprintf("raise %s to %.0f or more to process it", limit.Key, mp+1))
	}
	return nil
}
