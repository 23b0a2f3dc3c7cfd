package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/burnish-photo/burnish/config/strict"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/ledger"
	"github.com/burnish-photo/burnish/plugin/output"
)

// Process works on one photo, waiting for its turn. Its error is an [*Error]
// that names the photo and what to do, except where the job itself makes no
// sense. Either all outputs of a photo are published or none is.
func (e *Engine) Process(ctx context.Context, j Job) (Result, error) {
	p, ok := e.pipelines[j.Pipeline]
	if !ok {
		return Result{}, fmt.Errorf("there is no pipeline %q%s", j.Pipeline, strict.Suggest(j.Pipeline, e.pipelineNames()))
	}
	if j.Output == "" {
		return Result{}, fmt.Errorf("%s: the job names no output folder", j.Path)
	}
	w := work{engine: e, pipeline: p, job: j, began: time.Now()}
	if err := w.locate(); err != nil {
		return Result{}, err
	}
	if !e.begin(w.source) {
		return Result{State: Skipped, Reason: "already in work"}, nil
	}
	defer e.end(&w)
	select {
	case e.slots <- struct{}{}:
		defer func() { <-e.slots }()
	case <-ctx.Done():
		return Result{}, w.fail(Stopped, context.Cause(ctx), "")
	}
	result, err := w.run(ctx)
	result.Elapsed = time.Since(w.began)
	if err != nil {
		failure := w.failed(context.Cause(ctx), err)
		return result, w.recordFailure(failure)
	}
	return result, nil
}

func (e *Engine) pipelineNames() []string {
	var names []string
	for name := range e.pipelines {
		names = append(names, name)
	}
	return names
}

func (e *Engine) begin(source string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.busy[source] {
		return false
	}
	e.busy[source] = true
	return true
}

// end lets go of the source, and of the outputs' names where the ledger knows
// of them; without one they stay taken, lest another photo replaces them.
func (e *Engine) end(w *work) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.busy, w.source)
	if e.ledger != nil {
		for name := range w.ours {
			if e.claims[name] == w.source {
				delete(e.claims, name)
			}
		}
	}
}

// work is one job under way.
type work struct {
	engine   *Engine
	pipeline *pipeline
	job      Job
	source   string // absolute
	root     string // absolute
	output   string // absolute
	began    time.Time
	info     os.FileInfo
	hash     string
	key      string          // what is to be done, for the ledger: pipeline and output folder
	ours     map[string]bool // the outputs, and whether Burnish wrote them before
}

func (w *work) locate() (err error) {
	if w.source, err = filepath.Abs(w.job.Path); err != nil {
		return err
	}
	if w.output, err = filepath.Abs(w.job.Output); err != nil {
		return err
	}
	w.root = filepath.Dir(w.source)
	if w.job.Root != "" {
		if w.root, err = filepath.Abs(w.job.Root); err != nil {
			return err
		}
	}
	w.key = w.pipeline.work + " " + w.output
	return nil
}

func (w *work) fail(k Kind, err error, remedy string) *Error {
	return &Error{Path: w.job.Path, Kind: k, Err: err, Remedy: remedy}
}

// run takes the job from its file to published outputs.
func (w *work) run(ctx context.Context) (Result, error) {
	if err := w.stat(); err != nil {
		return Result{}, err
	}
	if reason, err := w.doneBefore(); reason != "" || err != nil {
		return Result{State: Skipped, Reason: reason}, err
	}
	format, err := vips.Sniff(w.source)
	if err != nil {
		return Result{}, w.unreadable(err)
	}
	if format == "" {
		return w.notPhoto()
	}
	if w.hash, err = digest(w.source); err != nil {
		return Result{}, w.unreadable(err)
	}
	if reason, err := w.known(); reason != "" || err != nil {
		return Result{State: Skipped, Reason: reason}, err
	}
	if result, ok := w.reuse(); ok {
		return result, w.record(result)
	}
	result, err := w.restore(ctx, format)
	if err != nil {
		return result, err
	}
	return result, w.record(result)
}

func (w *work) stat() (err error) {
	if w.info, err = os.Stat(w.source); err != nil {
		return w.unreadable(err)
	}
	if !w.info.Mode().IsRegular() {
		return w.fail(Unreadable, errors.New("not a regular file"), "give a photo or a folder of photos")
	}
	return nil
}

func (w *work) unreadable(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	switch {
	case errors.Is(err, os.ErrPermission):
		return w.fail(Unreadable, fmt.Errorf("cannot be read: %w", err), fmt.Sprintf("let the user with id %d read it (chmod o+r, or its group)", os.Getuid()))
	case errors.Is(err, os.ErrNotExist):
		return w.fail(Unreadable, fmt.Errorf("cannot be read: %w", err), "check the path; it may have been moved or deleted meanwhile")
	default:
		return w.fail(Unreadable, fmt.Errorf("cannot be read: %w", err), "check the disk or mount that holds it")
	}
}

// notPhoto fails where the name promises a photo; other files are passed over.
func (w *work) notPhoto() (Result, error) {
	if w.info.Size() == 0 {
		return Result{}, w.fail(NotPhoto, errors.New("the file is empty"), "copy it here again")
	}
	if _, promised := output.FormatOf(extension(w.source)); !promised {
		return Result{State: Skipped, Reason: "not a photo"}, nil
	}
	return Result{}, w.fail(NotPhoto, fmt.Errorf("not an image, though its name ends in %q (%s)", filepath.Ext(w.source), beginning(w.source)), "rename or remove it, or copy the photo here again")
}

func extension(path string) string {
	if ext := filepath.Ext(path); ext != "" {
		return ext[1:]
	}
	return ""
}

func beginning(path string) string {
	f, err := os.Open(path)
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	head := make([]byte, 16)
	n, _ := io.ReadFull(f, head)
	return fmt.Sprintf("it begins with %q", head[:n])
}

// restore decodes the photo, runs the graph and publishes the outputs.
func (w *work) restore(ctx context.Context, format string) (Result, error) {
	src, err := w.open(format)
	if err != nil {
		return Result{}, err
	}
	defer src.Close()
	names, err := w.claim(src.Source)
	if err != nil {
		return Result{}, err
	}
	var notes ops.Notes
	staged := make([]*output.Staged, len(names))
	defer func() {
		for _, s := range staged {
			if s != nil {
				s.Discard()
			}
		}
	}()
	err = w.pipeline.graph.Run(ops.WithNotes(ctx, &notes), src, func(taps []int, img ops.Image) error {
		for _, t := range taps {
			s, err := output.Stage(ctx, img, w.pipeline.outputs[t].Encoder, names[t])
			if err != nil {
				return fmt.Errorf("output %s: %w", names[t], err)
			}
			staged[t] = s
		}
		return nil
	})
	if err != nil {
		return Result{Notes: notes.All()}, err
	}
	if err := w.unchanged(); err != nil {
		return Result{Notes: notes.All()}, err
	}
	result, err := w.publish(staged)
	result.Notes = notes.All()
	return result, err
}

// unchanged makes sure that the outputs show the file as it is now.
func (w *work) unchanged() error {
	now, err := os.Stat(w.source)
	if err != nil {
		return w.unreadable(err)
	}
	if now.Size() != w.info.Size() || !now.ModTime().Equal(w.info.ModTime()) {
		return w.fail(Changed, errors.New("the file changed while it was read"), "it is taken again once it has been quiet; a longer \"settle\" avoids this")
	}
	return nil
}

func (w *work) publish(staged []*output.Staged) (Result, error) {
	for _, s := range staged {
		if err := w.mayReplace(s); err != nil {
			return Result{}, err
		}
	}
	result := Result{State: Done}
	for i, s := range staged {
		if err := s.Publish(); err != nil {
			return result, fmt.Errorf("output %s: %w", s.Path, err)
		}
		result.Outputs = append(result.Outputs, Output{Path: s.Path, Format: w.pipeline.outputs[i].Encoder.Format, Size: s.Size, Hash: s.Hash})
	}
	return result, nil
}

// recordFailure lets the ledger know of a failure that belongs to the photo,
// and returns it.
func (w *work) recordFailure(failure *Error) error {
	if w.engine.ledger == nil || w.info == nil || failure.Kind == Stopped {
		return failure
	}
	entry := w.entry(ledger.Failed)
	entry.Error, entry.ErrorClass = failure.Error(), string(failure.Kind)
	if err := w.engine.ledger.Put(entry); err != nil {
		w.engine.log.Error("the failure could not be recorded", "photo", w.source, "error", err)
	}
	return failure
}

// record tells the ledger how the job ended.
func (w *work) record(r Result) error {
	if w.engine.ledger == nil {
		return nil
	}
	entry := w.entry(ledger.Done)
	entry.Notes = r.Notes
	for _, o := range r.Outputs {
		entry.Outputs = append(entry.Outputs, ledger.Output{Path: o.Path, Size: o.Size, Hash: o.Hash})
	}
	return w.engine.ledger.Put(entry)
}
