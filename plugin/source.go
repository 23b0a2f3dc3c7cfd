package plugin

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/beneath"
	"github.com/burnish-photo/burnish/plugin/naming"
	"github.com/burnish-photo/burnish/plugin/output"
	"github.com/burnish-photo/burnish/plugin/source"
	"github.com/burnish-photo/burnish/watcher/paths"
)

// find opens the photo's file.
func (w *work) find() (err error) {
	if w.file, err = source.Open(w.root, w.source, w.follows()); err != nil {
		return w.unreadable(err)
	}
	w.content, w.info = w.file.Handle(), w.file.Info
	if w.job.Root != "" && w.job.Links == FollowLinks {
		return w.mayFollow(w.file.Real())
	}
	return nil
}

// follows are the links that lead to the photo.
func (w *work) follows() beneath.Links {
	if w.job.Root == "" {
		return beneath.Any
	}
	return w.job.Links.beneath()
}

func (l Links) beneath() beneath.Links {
	switch l {
	case FollowLinks:
		return beneath.Any
	case InsideLinks:
		return beneath.Inside
	}
	return beneath.None
}

// mayFollow refuses what links must not lead to: Burnish's own folders, and what
// is watched for itself.
func (w *work) mayFollow(real string) error {
	c := w.engine.config
	barred := []string{c.StateDir}
	for _, f := range c.Routes {
		barred = append(barred, f.Output)
		if f.Source != w.root {
			barred = append(barred, f.Source)
		}
	}
	for _, folder := range barred {
		resolved, err := filepath.EvalSymlinks(folder)
		if err == nil && paths.ResolvedWithin(real, resolved) && !paths.ResolvedWithin(w.root, resolved) {
			return w.swapped(fmt.Errorf("a link leads into %s", folder))
		}
	}
	return nil
}

// close gives back what the work has opened.
func (w *work) close() {
	w.closeFirst()
	if w.file != nil {
		_ = w.file.Close()
		w.file = nil
	}
}

func (w *work) closeFirst() {
	if w.first != nil {
		w.first.Close()
		w.first = nil
	}
}

// look reads the photo's header and opens its first page, once. The orientation
// is the one that its metadata tell wherever they say so: libvips knows EXIF of
// fewer places.
func (w *work) look(format string) (vips.Header, error) {
	if w.first != nil {
		return w.header, nil
	}
	first, header, err := vips.Inspect(w.content, format)
	if err != nil {
		return vips.Header{}, w.damaged(err)
	}
	if n, ok := output.Orientation(w.content, header.Format); ok && header.Pages == 1 {
		header.Orientation = n
	}
	w.first, w.header = first, header
	return header, nil
}

// open checks the header against the limits and opens the photo as a stream.
func (w *work) open(format string) (ops.Image, error) {
	header, err := w.look(format)
	if err != nil {
		return ops.Image{}, err
	}
	if err := w.withinLimits(header); err != nil {
		return ops.Image{}, err
	}
	return w.openPage(context.Background(), format, header, 0)
}

// openPage opens one of the pages that the pipeline takes, and notes what is
// amiss with its colours. Of the first there is one stream, which one caller may
// read.
func (w *work) openPage(ctx context.Context, format string, header vips.Header, page int) (_ ops.Image, err error) {
	var pixels *vips.Image
	if page == 0 {
		pixels = w.first.Ref()
	} else if pixels, err = vips.OpenPage(w.content, page, vips.Sequential); err != nil {
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
		Path: w.source, File: w.content, Format: format, Page: page, Width: pixels.Width(), Height: pixels.Height(), Orientation: header.Orientation,
		Size: w.info.Size(), ModTime: w.info.ModTime(), Hash: w.hash, Folder: filepath.ToSlash(folder),
	}
	img := ops.Image{Pixels: pixels, Source: source, Original: header.Pages == 1, Frame: ops.Whole}
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
func (w *work) facts(date time.Time) (naming.Facts, error) {
	dir, err := filepath.Rel(w.root, filepath.Dir(w.source))
	if err != nil || !filepath.IsLocal(dir) {
		return naming.Facts{}, fmt.Errorf("%s does not lie below %s", w.source, w.root)
	}
	if date.IsZero() {
		date = w.info.ModTime()
	}
	return naming.Facts{Dir: dir, Name: filepath.Base(w.source), Hash: w.hash, Pipeline: w.pipeline.name, Date: date}, nil
}

// unchanged makes sure that what was read is the file as it is now.
func (w *work) unchanged() error {
	err := w.file.Unchanged(w.hash)
	if errors.Is(err, source.ErrChanged) {
		return w.fail(Changed, err, "process it once it is no longer being written; a watched folder does so by itself")
	}
	if err != nil {
		return w.unreadable(err)
	}
	return nil
}

// decodes reads the source alone in full, to tell a damaged photo from a step
// that failed.
func (w *work) decodes() error {
	p, err := vips.Open(w.content, vips.Sequential)
	if err != nil {
		return err
	}
	defer p.Close()
	_, err = vips.Call("avg", vips.Args{"in": p})
	return err
}
