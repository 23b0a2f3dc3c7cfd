package condition

import (
	"path/filepath"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/damage"
	"golang.org/x/text/unicode/norm"
)

// Facts are those of one photo as it arrived, looked up as they are asked for
// and once only. They are used by one goroutine at a time.
type Facts struct {
	photo    ops.Image
	jpeg     *compression
	damage   float64
	measured bool
}

// Of gathers the facts of a photo as read. It must not be closed before the
// last decision.
func Of(photo ops.Image) *Facts { return &Facts{photo: photo} }

// fill looks up the facts that are named.
func (f *Facts) fill(e *environment, names []string) (err error) {
	src := f.photo.Source
	if src == nil {
		src = &ops.Source{}
	}
	e.Width, e.Height, e.Orientation = src.Width, src.Height, src.Orientation
	if src.Orientation >= 5 {
		e.Width, e.Height = src.Height, src.Width
	}
	e.Megapixels = float64(src.Width) * float64(src.Height) / 1e6
	e.Format, e.Bands = src.Format, f.photo.Pixels.Bands()
	e.Folder, e.File = norm.NFC.String(src.Folder), norm.NFC.String(filepath.Base(src.Path))
	e.Date = src.Date().Format("2006-01-02")
	for _, name := range names {
		switch name {
		case "jpeg":
			e.JPEG = f.compression(src)
		case "camera":
			e.Camera.Make, _ = f.photo.Pixels.EXIF("Make")
			e.Camera.Model, _ = f.photo.Pixels.EXIF("Model")
		case "damage":
			if e.Damage, err = f.damaged(src); err != nil {
				return err
			}
		}
	}
	return nil
}

// compression is that of the file; nothing for a photo that is no JPEG.
func (f *Facts) compression(src *ops.Source) compression {
	if f.jpeg == nil {
		f.jpeg = &compression{}
		if info, err := damage.Header(src.Content()); src.Format == "jpeg" && err == nil {
			*f.jpeg = compression{info.Quality, info.Subsampling, info.Progressive}
		}
	}
	return *f.jpeg
}

// Measured is the photo's damage, if a condition has asked for it.
func (f *Facts) Measured() (damage float64, ok bool) { return f.damage, f.measured }

func (f *Facts) damaged(src *ops.Source) (float64, error) {
	if f.measured {
		return f.damage, nil
	}
	value, err := damage.Of(src)
	if err == nil {
		f.damage, f.measured = value, true
	}
	return value, err
}
