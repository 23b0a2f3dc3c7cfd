package plugin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output"
)

func (w *work) stat() (err error) {
	if w.info, err = os.Stat(w.source); err != nil {
		return w.unreadable(err)
	}
	if !w.info.Mode().IsRegular() {
		return w.fail(Unreadable, errors.New("not a regular file"), "give a photo or a folder of photos")
	}
	return nil
}

// digest is the SHA-256 of a file's bytes, hexadecimal.
func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// header is the file's header, with the orientation that its metadata tell
// wherever they say so: libvips knows EXIF of fewer places.
func (w *work) header() (vips.Header, error) {
	h, err := vips.ReadHeader(w.source)
	if err != nil || h.Pages > 1 {
		return h, err
	}
	if n, ok := output.Orientation(w.source, h.Format); ok {
		h.Orientation = n
	}
	return h, nil
}

// open checks the header against the limits and opens the photo as a stream.
func (w *work) open(format string) (ops.Image, error) {
	header, err := w.header()
	if err != nil {
		return ops.Image{}, w.damaged(err)
	}
	if err := w.withinLimits(header); err != nil {
		return ops.Image{}, err
	}
	return w.openPage(context.Background(), format, header, 0)
}

// openPage opens one of the pages that the pipeline takes, and notes what is
// amiss with its colours.
func (w *work) openPage(ctx context.Context, format string, header vips.Header, page int) (ops.Image, error) {
	open := vips.Open
	if page > 0 {
		open = func(path string, a vips.Access) (*vips.Image, error) { return vips.OpenPage(path, page, a) }
	}
	pixels, err := open(w.source, vips.Sequential)
	if err != nil {
		return ops.Image{}, w.damaged(err)
	}
	if pixels, err = turned(pixels, header); err != nil {
		return ops.Image{}, err
	}
	// A later page may be larger than the first.
	if err := w.withinLimits(vips.Header{Width: pixels.Width(), Height: pixels.Height(), Pages: 1}); err != nil {
		pixels.Close()
		return ops.Image{}, err
	}
	folder, err := filepath.Rel(w.root, filepath.Dir(w.source))
	if err != nil {
		pixels.Close()
		return ops.Image{}, err
	}
	source := &ops.Source{
		Path: w.source, Format: format, Width: pixels.Width(), Height: pixels.Height(), Orientation: header.Orientation,
		Size: w.info.Size(), ModTime: w.info.ModTime(), Hash: w.hash, Folder: filepath.ToSlash(folder),
	}
	img := ops.Image{Pixels: pixels, Source: source, AsRead: header.Pages == 1, Frame: ops.Whole}
	source.Taken, w.dateFault = output.Taken(img)
	return w.inColour(ctx, img, page)
}

// turned is p, which it closes, with the orientation that the header tells.
func turned(p *vips.Image, header vips.Header) (*vips.Image, error) {
	if header.Pages > 1 || p.Orientation() == header.Orientation {
		return p, nil
	}
	defer p.Close()
	return p.WithInt(vips.FieldOrientation, header.Orientation)
}

// dateNote is what is to be said of the date in outputs' names: that it is the
// file's and why; "" where it is the photo's, or in no name.
func (w *work) dateNote(src *ops.Source) string {
	named := slices.ContainsFunc(w.pipeline.outputs, func(o output.Config) bool { return o.Path.Dated() })
	if !named || !src.Taken.IsZero() {
		return ""
	}
	why := w.dateFault
	if why == "" {
		why = "the photo bears no date"
	}
	return fmt.Sprintf("the file's own time, %s: %s", src.ModTime.Format(time.DateTime), why)
}

// facts are what output templates may name.
func (w *work) facts(date time.Time) (output.Facts, error) {
	dir, err := filepath.Rel(w.root, filepath.Dir(w.source))
	if err != nil || !filepath.IsLocal(dir) {
		return output.Facts{}, fmt.Errorf("%s does not lie below %s", w.source, w.root)
	}
	if date.IsZero() {
		date = w.info.ModTime()
	}
	return output.Facts{Dir: dir, Name: filepath.Base(w.source), Hash: w.hash, Pipeline: w.pipeline.name, Date: date}, nil
}

// unchanged makes sure that what was read is the file as it is now.
func (w *work) unchanged() error {
	now, err := os.Stat(w.source)
	if err != nil {
		return w.unreadable(err)
	}
	if !os.SameFile(now, w.info) || now.Size() != w.info.Size() || !now.ModTime().Equal(w.info.ModTime()) {
		return w.fail(Changed, errors.New("the file changed while it was read"), "process it once it is no longer being written; a watched folder does so by itself")
	}
	return nil
}

// decodes reads the source alone in full, to tell a damaged photo from a step
// that failed.
func (w *work) decodes() error {
	p, err := vips.Open(w.source, vips.Sequential)
	if err != nil {
		return err
	}
	defer p.Close()
	_, err = vips.Call("avg", vips.Args{"in": p})
	return err
}
