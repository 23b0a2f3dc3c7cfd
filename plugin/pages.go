package plugin

import (
	"context"
	"fmt"
	"slices"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/admission"
	"github.com/burnish-photo/burnish/plugin/output"
	"github.com/burnish-photo/burnish/plugin/output/check"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// pages is how many pages of a photo the pipeline takes, and why none.
func (w *work) pages(h vips.Header) (int, string) {
	switch {
	case h.Pages > 1 && w.pipeline.pages == SkipPages:
		return 0, fmt.Sprintf("it has %d pages, which the pipeline passes over", h.Pages)
	case w.pipeline.pages == AllPages:
		return h.Pages, ""
	}
	return 1, ""
}

// restore decodes the photo, page by page, runs the graph and publishes the
// outputs.
func (w *work) restore(ctx context.Context) (Result, error) {
	header, err := w.src.Header()
	if err != nil {
		return Result{}, err
	}
	pages, reason := w.pages(header)
	if reason != "" {
		return Result{State: Skipped, Reason: reason}, nil
	}
	r := &render{work: w, header: header, frames: map[string][]ops.Image{}}
	r.context = ops.WithNotes(ctx, &r.notes)
	if header.Pages > 1 {
		ops.Note(r.context, "pages", fmt.Sprintf("%d of %d", pages, header.Pages))
	}
	release, err := w.admit(ctx, header)
	if err != nil {
		return Result{}, err
	}
	defer release()
	defer r.close() // before the memory is released
	for page := range pages {
		if done, err := r.page(page, pages); done || err != nil {
			return w.nothing(r.notes.All(), err)
		}
	}
	if !slices.ContainsFunc(r.staged, func(s *staging.File) bool { return s != nil }) {
		return w.nothing(r.notes.All(), nil)
	}
	if err := w.src.Unchanged(); err != nil {
		return Result{Notes: r.notes.All()}, err
	}
	return w.publish(r.staged, Result{State: Done, Notes: r.notes.All()})
}

// render is one photo on its way to its outputs.
type render struct {
	*work
	context context.Context // with the notes
	header  vips.Header
	notes   ops.Notes
	staged  []*staging.File        // by target
	frames  map[string][]ops.Image // of outputs that several pages are joined in, by path
	inFrame int64                  // bytes of a frame that may stay in memory
}

// frameLimit is how much memory a kept page may take, so that all of them take
// no more than one image that is read several times. The others are files.
func frameLimit(targets []target) int64 {
	pages := map[string]int64{}
	for _, t := range targets {
		if t.path != "" {
			pages[t.path]++
		}
	}
	joined := int64(1)
	for _, n := range pages {
		if n > 1 {
			joined += n
		}
	}
	return admission.InMemory / joined
}

func (r *render) close() {
	r.src.CloseFirst()
	discard(r.staged)
	for _, frames := range r.frames {
		for _, f := range frames {
			f.Close()
		}
	}
}

// page runs the graph on one page; the first claims the names of all outputs.
// It is done where there is nothing to write.
func (r *render) page(page, pages int) (done bool, err error) {
	src, err := r.src.Decode(r.context, page)
	if err != nil {
		return false, err
	}
	defer src.Close()
	defer r.noteLeftOut()
	if page == 0 {
		if r.choice, err = r.pipeline.graph.Choose(src); err != nil {
			return false, rendering(err)
		}
		if err := r.claim(src.Source, pages); err != nil || r.idle() {
			return true, err
		}
		if note := r.dateNote(src.Source); note != "" {
			ops.Note(r.context, "date", note)
		}
		r.staged, r.inFrame = make([]*staging.File, len(r.targets)), frameLimit(r.targets)
	}
	err = r.pipeline.graph.Run(r.context, src, &r.choice, func(taps []int, img ops.Image) error {
		for _, tap := range taps {
			at := page*len(r.pipeline.outputs) + tap
			if err := r.emit(at, img); err != nil {
				return fmt.Errorf("output %s: %w", r.targets[at].path, err)
			}
		}
		return nil
	})
	if err != nil && page > 0 && r.context.Err() == nil {
		if bad := check.Page(r.src.Content(), page, src.Source.Width, src.Source.Height); bad != nil {
			return false, r.src.Damaged(fmt.Errorf("page %d: %w", page+1, bad))
		}
	}
	return false, rendering(err)
}

// renderError is a failure of a step or of an output's making.
type renderError struct{ error }

func (e renderError) Unwrap() error { return e.error }

func rendering(err error) error {
	if err == nil {
		return nil
	}
	return renderError{err}
}

// emit stages a target's file, or keeps the image until the last page of those
// that are joined.
func (r *render) emit(at int, img ops.Image) (err error) {
	t := r.targets[at]
	if t.path == "" {
		return nil
	}
	joined := func(o target) bool { return o.path == t.path && o.page != t.page }
	if !slices.ContainsFunc(r.targets, joined) {
		r.staged[at], err = output.Stage(r.context, img, r.outputRequest(t, r.notes.All()))
		return err
	}
	whole, err := img.Pixels.Materialise(r.context, r.inFrame, r.engine.scratch)
	if err != nil {
		return err
	}
	r.frames[t.path] = append(r.frames[t.path], img.With(whole))
	if slices.ContainsFunc(r.targets[at+1:], joined) {
		return nil
	}
	r.staged[at], err = output.StagePages(r.context, r.frames[t.path], r.outputRequest(t, r.notes.All()))
	return err
}
