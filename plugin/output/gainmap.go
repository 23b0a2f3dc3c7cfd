package output

import (
	"context"
	"path/filepath"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
)

// What becomes of a gain map, the second picture in a JPEG that tells screens
// how much brighter each part of the first may be.
const (
	KeepGainMap = "keep" // where it still fits: an Ultra HDR JPEG that stays a JPEG of the same frame
	DropGainMap = "drop" // with all that points at it
)

// sameFrame is the mean ΔE from which a photo is no longer the one that its
// gain map was made for.
const sameFrame = 3.0

// addGainMap adds the source's gain map to the metadata where it is to be kept
// and fits, and notes what was done. The image has been encoded.
func (w *encodeJob) addGainMap(ctx context.Context, img ops.Image) error {
	if !metadata.HasFurtherPictures(img) {
		return nil
	}
	source := metadata.Read(img)
	note := func(text string) { ops.Note(ctx, "further_pictures:"+filepath.Base(w.request.Path), text) }
	if w.request.Config.GainMap != KeepGainMap {
		note("dropped; a gain map is kept with \"gainmap: keep\"")
		return nil
	}
	why, err := w.unfit(ctx, img, source.Second, source.More)
	if err != nil {
		return err
	}
	if why != "" {
		note("dropped: " + why)
		return nil
	}
	m, err := w.target().WithGainMap(w.metadata, img, source)
	if err != nil {
		note("dropped: its XMP is malformed")
		return nil
	}
	w.metadata = m
	note("gain map kept")
	return nil
}

// unfit says why a gain map cannot be kept; "" where it can.
func (w *encodeJob) unfit(ctx context.Context, img ops.Image, second []byte, more int) (string, error) {
	src := img.Source
	switch {
	case w.request.Encoder.Format != "jpeg":
		return "only a JPEG can hold it", nil
	case !w.request.Config.policy.Allows("xmp"):
		return "XMP, which describes it, is stripped", nil
	case !w.request.Config.policy.KeepsAll():
		return "it has metadata of its own, which \"keep\" and \"strip\" do not reach", nil
	case more != 1 || !metadata.IsGainMap(second):
		return "it is no gain map that is known", nil
	case src.Orientation != 1:
		return "the photo was turned", nil
	case w.pixels.Width() != src.Width || w.pixels.Height() != src.Height || !w.reference.Taken():
		return "the photo has another size", nil
	}
	read, err := vips.Open(src.Content(), vips.Sequential)
	if err != nil {
		return "", err
	}
	defer read.Close()
	mean, known, err := w.reference.Image(ctx, read)
	if err != nil {
		return "", err
	}
	if !known || mean > sameFrame {
		return "the photo looks different", nil
	}
	return "", nil
}
