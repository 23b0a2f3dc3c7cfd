package plugin

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/admission"
	"github.com/burnish-photo/burnish/plugin/naming"
	"github.com/burnish-photo/burnish/plugin/output"
	"github.com/burnish-photo/burnish/plugin/output/check"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// rendering is one photo on its way to its outputs.
type rendering struct {
	*task
	context context.Context // with the notes
	notes   ops.Notes
	staged  []*staging.File        // by target; nil is one with nothing of its own to write
	frames  map[string][]ops.Image // of outputs that several pages are joined in, by path
	inFrame int64                  // bytes of a frame that may stay in memory
	admit   func()                 // gives the memory back
}

// render waits for memory, decodes the photo, page by page, runs the graph and
// stages the outputs, whose names it claims. The caller closes the rendering; one
// beside an error is closed, and tells of notes alone. A reason says why nothing
// is done.
func (e *Engine) render(ctx context.Context, t *task) (_ *rendering, reason string, err error) {
	header, err := t.src.Header()
	if err != nil {
		return nil, "", err
	}
	t.header, t.sizes = &header, map[int][2]int{}
	pages, reason := t.pipeline.pagesOf(header)
	if reason != "" {
		return nil, reason, nil
	}
	r := &rendering{task: t, frames: map[string][]ops.Image{}}
	r.context = ops.WithSourceCheck(ops.WithRecorder(ops.WithNotes(ctx, &r.notes), &t.stats), t.src.Unchanged)
	t.stats.Source(int64(header.Width)*int64(header.Height), t.src.File.Info.Size())
	if header.Pages > 1 {
		ops.Note(r.context, "pages", fmt.Sprintf("%d of %d", pages, header.Pages))
	}
	waits := time.Now()
	r.admit, err = e.admit(ctx, t, header)
	t.stats.Spent(ops.StageAdmission, time.Since(waits))
	if err != nil {
		return nil, "", err
	}
	ops.Begin(r.context, ops.StageDecode)
	whole := false
	defer func() { // in a panic, too
		if !whole {
			r.close()
		}
	}()
	for page := range pages {
		done, err := r.page(page, pages)
		if err != nil {
			return r, "", err
		}
		if done {
			break
		}
	}
	whole = true
	return r, "", nil
}

// frameLimit is how much memory a kept page may take, so that all of them take
// no more than one image that is read several times. The others are files.
func frameLimit(targets []naming.Target) int64 {
	pages := map[string]int64{}
	for _, t := range targets {
		if t.Name != "" {
			pages[t.Name]++
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

// close gives everything back that was not published, the memory last.
func (r *rendering) close() {
	r.src.CloseFirst()
	discard(r.staged)
	for _, frames := range r.frames {
		for _, f := range frames {
			f.Close()
		}
	}
	r.admit()
}

func discard(staged []*staging.File) {
	for _, s := range staged {
		s.Discard()
	}
}

// files are those of the staged files that there are.
func (r *rendering) files() (all []*staging.File) {
	for _, s := range r.staged {
		if s != nil {
			all = append(all, s)
		}
	}
	return all
}

// page runs the graph on one page; the first claims the names of all outputs.
// It is done where there is nothing to write.
func (r *rendering) page(page, pages int) (done bool, err error) {
	img, err := r.decode(page)
	if err != nil {
		return false, err
	}
	defer img.Close()
	defer r.noteNotWritten()
	if page == 0 {
		describe(r.task, img)
		if err := r.choose(img); err != nil {
			return false, inStep(err)
		}
		if err := r.claim(img.Source, pages); err != nil || r.names.Idle() {
			return true, err
		}
		if note := r.dateNote(img.Source); note != "" {
			ops.Note(r.context, "date", note)
		}
		r.staged, r.inFrame = make([]*staging.File, len(r.names.Targets)), frameLimit(r.names.Targets)
	}
	err = r.pipeline.graph.Run(r.context, img, &r.choice, func(sinks []int, img ops.Image) error {
		for _, sink := range sinks {
			at := page*len(r.pipeline.outputs) + sink
			if err := r.timed(func() error { return r.emit(at, img) }); err != nil {
				return fmt.Errorf("output %s: %w", r.names.Targets[at].Name, err)
			}
		}
		return nil
	})
	if err != nil && page > 0 && r.context.Err() == nil {
		if bad := check.Page(r.src.Content(), page, img.Source.Width, img.Source.Height); bad != nil {
			return false, r.src.Damaged(fmt.Errorf("page %d: %w", page+1, bad))
		}
	}
	return false, inStep(err)
}

// decode gives a page, reduced by its decoder where the job's own pipeline asks for
// no more of it.
func (r *rendering) decode(page int) (ops.Image, error) {
	if page > 0 || r.job.Inline == "" {
		return r.src.Decode(r.context, page)
	}
	header, err := r.src.Header()
	if err != nil {
		return ops.Image{}, err
	}
	return r.src.DecodeReduced(r.context, r.pipeline.graph.Reduction(header.Width, header.Height, header.Orientation))
}

// noteNotWritten lets the result tell which outputs were not wanted.
func (r *rendering) noteNotWritten() {
	if text := r.notWritten(); text != "" {
		ops.Note(r.context, "not_written", text)
	}
}

// stepError is a failure of a step or of an output's making.
type stepError struct{ error }

func (e stepError) Unwrap() error { return e.error }

func inStep(err error) error {
	if err == nil {
		return nil
	}
	return stepError{err}
}

// timed runs emit and records the time that neither networks nor verification
// took of it.
func (r *rendering) timed(emit func() error) error {
	others := func() time.Duration {
		spent := r.stats.Stats().Stages
		return spent[ops.StageDecode] + spent[ops.StageRestore] + spent[ops.StageVerify]
	}
	ops.Begin(r.context, ops.StageEncode)
	before, began := others(), time.Now()
	err := emit()
	r.stats.Spent(ops.StageEncode, max(0, time.Since(began)-(others()-before)))
	return err
}

// emit stages a target's file, or keeps the image until the last page of those
// that are joined.
func (r *rendering) emit(at int, img ops.Image) (err error) {
	t := r.names.Targets[at]
	if t.Name == "" {
		return nil
	}
	r.sizes[at] = [2]int{img.Pixels.Width(), img.Pixels.Height()}
	joined := func(o naming.Target) bool { return o.Name == t.Name && o.Page != t.Page }
	if !slices.ContainsFunc(r.names.Targets, joined) {
		r.staged[at], err = output.Stage(r.context, img, r.outputRequest(t, r.notes.All()))
		return err
	}
	whole, err := img.Pixels.Materialise(r.context, r.inFrame, r.engine.scratch)
	if err != nil {
		return err
	}
	r.frames[t.Name] = append(r.frames[t.Name], img.With(whole))
	if slices.ContainsFunc(r.names.Targets[at+1:], joined) {
		return nil
	}
	r.staged[at], err = output.StagePages(r.context, r.frames[t.Name], r.outputRequest(t, r.notes.All()))
	return err
}
