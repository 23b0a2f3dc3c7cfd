package plugin

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/admission"
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
	if limit, key := w.limit("bytes"); limit > 0 && float64(w.info.Size()) > limit {
		return "", w.fail(TooLarge, fmt.Errorf("%d bytes are over the limit of %.0f", w.info.Size(), limit), "raise "+key+" to process it")
	}
	return "", w.unfolds(format)
}

// unfolds refuses a photo whose metadata would take too much memory, before
// anything decompresses it.
func (w *work) unfolds(format string) (err error) {
	limit, key := w.limit("metadata")
	most := int64(limit)
	if most <= 0 {
		most = math.MaxInt64
	}
	if w.unfolded, err = vips.Unfolded(w.content, format, most); err != nil {
		return w.unreadable(err)
	}
	if w.unfolded > most {
		return w.fail(TooLarge, fmt.Errorf("its metadata and colour profile unfold to more than the limit of %d bytes", most), "raise "+key+" to process it")
	}
	return nil
}

// limit is the limit of that name for this photo, 0 for none, and the key that
// sets it: that of the job's folder, or the general one.
func (w *work) limit(name string) (limit float64, key string) {
	own, general := w.job.Limits, w.engine.config.Limits
	values := map[string][2]float64{
		"megapixels": {own.Megapixels, general.Megapixels},
		"pages":      {float64(own.Pages), float64(general.Pages)},
		"bytes":      {float64(own.Bytes), float64(general.Bytes)},
		"metadata":   {float64(own.Metadata), float64(general.Metadata)},
	}
	if v := values[name]; v[0] <= 0 {
		return v[1], "limits." + name
	}
	return values[name][0], fmt.Sprintf("limits.%s of the watched folder %s", name, w.root)
}

// withinLimits refuses a photo of too many pages or pixels, by its header.
func (w *work) withinLimits(h vips.Header) error {
	if limit, key := w.limit("pages"); limit > 0 && float64(h.Pages) > limit {
		return w.fail(TooLarge, fmt.Errorf("%d pages are over the limit of %.0f", h.Pages, limit), "raise "+key+" to process it")
	}
	limit, key := w.limit("megapixels")
	pages, _ := w.pages(h)
	if mp := float64(h.Width) * float64(h.Height) * float64(max(1, pages)) / 1e6; mp > limit {
		return w.fail(TooLarge, fmt.Errorf("%d×%d pixels are %.1f megapixels, over the limit of %g", h.Width, h.Height, mp, limit),
			fmt.Sprintf("raise %s to %.0f or more to process it", key, mp+1))
	}
	return nil
}

// demand is what the pipeline asks for to process a photo of that size.
func (p *pipeline) demand(width, height, pixel int) admission.Demand {
	return admission.Demand{Width: width, Height: height, PixelBytes: pixel, Steps: p.graph.EstimateCost(width, height, pixel).Bytes}
}

// admit waits until there is memory for the photo.
func (w *work) admit(ctx context.Context, h vips.Header) (release func(), err error) {
	demand := w.pipeline.demand(h.Width, h.Height, h.PixelBytes)
	demand.Metadata = w.unfolded
	if info, err := w.file.JPEG(); err == nil { // what cannot be read, others will say
		demand.Coefficients = info.CoefficientBytes()
	}
	release, err = w.engine.memory.Admit(ctx, w.pipeline.work, demand.EstimateMemory())
	if e := (*admission.InsufficientMemoryError)(nil); errors.As(err, &e) {
		if !e.Configured { // another day, or another machine, may have it
			return nil, w.fail(Starved, err, admission.ThisHost.Remedy())
		}
		return nil, w.fail(TooLarge, err, "raise limits.memory, or give promptcir a smaller tile")
	}
	return release, err
}
