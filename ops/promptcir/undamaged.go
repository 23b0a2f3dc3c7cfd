package promptcir

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/damage"
	"github.com/burnish-photo/burnish/ops/vips"
)

// Values of [Config.Skip].
const (
	skipAuto  = "auto"
	skipNever = "never"
)

// Corrections below which photos are undamaged, by what is known of them
// beforehand. A camera's JPEG is corrected more than that of a program of the same
// quality, whose photo was clean before: there is noise, and sharpening.
const (
	unknownLimit = 0.40 // of a file that does not tell how it was compressed: PNG, WebP, TIFF
	jpegLimit    = 0.45
	cameraLimit  = 1.60

	cameraQuality = 90 // below, a camera's JPEG is one like others
)

// verdict is what the evidence says of a photo.
type verdict struct {
	correction, limit float64
	tiles             int
}

func (v verdict) undamaged() bool { return v.correction < v.limit }

// String is the reason with its figures, for people.
func (v verdict) String() string {
	is, than := "damaged", "≥"
	if v.undamaged() {
		is, than = "undamaged", "<"
	}
	return fmt.Sprintf("%s: correction %.2f %s %.2f (%d tiles)", is, v.correction, than, v.limit, v.tiles)
}

// judge weighs the tiles of a photo against the limit of its kind.
func (o *operator) judge(in ops.Image, tiles []evidence) verdict {
	limit := o.skipBelow
	if limit == 0 {
		limit = limitOf(in)
	}
	return verdict{correction: math.Round(correction(tiles)*100) / 100, limit: limit, tiles: len(tiles)}
}

// limitOf is the limit for what the file says of itself.
func limitOf(in ops.Image) float64 {
	switch in.Source.Format {
	case "jpeg":
		if info, err := damage.Header(in.Source.Content()); err == nil && info.Quality >= cameraQuality && fromCamera(in) {
			return cameraLimit
		}
		return jpegLimit
	case "heif":
		if fromCamera(in) {
			return cameraLimit
		}
	}
	return unknownLimit
}

// fromCamera reports whether a photo is as a camera wrote it: with an exposure
// time, and of no other size than the camera noted.
func fromCamera(in ops.Image) bool {
	if _, ok := in.Pixels.EXIF("ExposureTime"); !ok {
		return false
	}
	noted := false
	for _, tag := range []string{"PixelXDimension", "PixelYDimension"} {
		text, ok := in.Pixels.EXIF(tag)
		if n, err := strconv.Atoi(text); ok && err == nil {
			noted = true
			if n == in.Source.Width || n == in.Source.Height {
				return true
			}
		}
	}
	return !noted
}

// skipped reports whether the file's own words are enough to leave it alone, because
// the configuration says so.
func (o *operator) skipped(src *ops.Source) (why string, ok bool) {
	if src == nil || src.Format != "jpeg" || o.skipJPEGAbove <= 0 || o.skipJPEGAbove >= 100 {
		return "", false
	}
	info, err := damage.Header(src.Content())
	if err != nil || info.Quality <= o.skipJPEGAbove {
		return "", false
	}
	return fmt.Sprintf("JPEG quality %d > %d, as configured", info.Quality, o.skipJPEGAbove), true
}

// judged restores the photo, unless the evidence says that it is undamaged; pixels are
// those of in, readable. What cannot be judged is restored; a small JPEG costs next to nothing.
func (o *operator) judged(ctx context.Context, in ops.Image, pixels *vips.Image) (ops.Image, error) {
	if in.Source.Format == "jpeg" && min(pixels.Width(), pixels.Height()) < damage.TooSmall {
		return o.restored(ctx, in, pixels, "not judged: too small")
	}
	if pixels.Width()*pixels.Height() <= wholePixels {
		return o.judgedWhole(ctx, in)
	}
	tiles, err := o.probe(ctx, in.Source)
	if ctx.Err() != nil {
		return ops.Image{}, context.Cause(ctx)
	}
	if err != nil {
		o.log.Debug("the photo could not be judged; it is restored", "photo", in.Source.Path, "error", err)
		return o.restored(ctx, in, pixels, "not judged: "+err.Error())
	}
	v := o.judge(in, tiles)
	if v.undamaged() {
		ops.Note(ctx, "left_alone", v.String())
		return in.Same(), nil
	}
	return o.restored(ctx, in, pixels, v.String())
}

// judgedWhole restores a small photo, at once, and judges it by all of that.
func (o *operator) judgedWhole(ctx context.Context, in ops.Image) (ops.Image, error) {
	original, err := in.Pixels.Materialise(ctx, math.MaxInt64, "")
	if err != nil {
		return ops.Image{}, err
	}
	defer original.Close()
	copied := in
	copied.Pixels = original
	whole, err := readable(original)
	if err != nil {
		return ops.Image{}, err
	}
	defer whole.Close()
	seen := &observer{photo: whole}
	lazy, err := o.restore(ctx, whole, seen.add)
	if err != nil {
		return ops.Image{}, err
	}
	defer lazy.Close()
	restored, err := lazy.Materialise(ctx, math.MaxInt64, "")
	if err != nil {
		return ops.Image{}, err
	}
	v := o.judge(copied, seen.all())
	if v.undamaged() {
		restored.Close()
		ops.Note(ctx, "left_alone", v.String())
		return copied.Same(), nil
	}
	if restored, err = o.faithful(ctx, in, restored); err != nil {
		return ops.Image{}, err
	}
	o.tell(ctx, v.String())
	return in.With(restored), nil
}
