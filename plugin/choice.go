package plugin

import (
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/history"
)

// unwanted is an output whose condition a photo does not meet.
type unwanted struct {
	index     int    // among the pipeline's outputs
	name, why string // its path, as the pipeline has it
}

// leftOut are the outputs that were found not to be wanted of the photo.
func (w *work) leftOut() (all []unwanted) {
	for i := range w.pipeline.outputs {
		if why, out := w.choice.LeftOut(i); out {
			all = append(all, unwanted{i, w.pipeline.outputs[i].Path.String(), why})
		}
	}
	return all
}

// leaves reports whether an output is not wanted of the photo, as far as its
// pixels or an equal photo have told.
func (w *work) leaves(i int) bool {
	_, out := w.choice.LeftOut(i)
	return out || slices.Contains(w.inherited, i)
}

// notWritten lists them for people.
func (w *work) notWritten() string {
	var all []string
	for _, out := range w.leftOut() {
		all = append(all, out.name+": "+out.why)
	}
	return strings.Join(all, "; ")
}

// noteLeftOut lets the result tell which outputs were not wanted.
func (r *render) noteLeftOut() {
	if text := r.notWritten(); text != "" {
		ops.Note(r.context, "not_written", text)
	}
}

// wantsNothing is why no output at all is wanted of the photo, "" where one is.
func (w *work) wantsNothing() string {
	if len(w.leftOut()) < len(w.pipeline.outputs) {
		return ""
	}
	return "no output is wanted of it: " + w.notWritten()
}

// nothing is the result of a photo of which nothing is written. Where no output
// is wanted of it, that is remembered.
func (w *work) nothing(notes map[string]string, err error) (Result, error) {
	reason := w.wantsNothing()
	if err != nil || reason == "" {
		return Result{State: Skipped, Reason: standing, Notes: notes}, err
	}
	if err := w.src.Unchanged(); err != nil {
		return Result{Notes: notes}, err
	}
	result := Result{State: Skipped, Reason: reason, Notes: notes}
	if w.engine.ledger == nil {
		return result, nil
	}
	e := w.withOutputs(history.Skipped, result)
	e.Error = reason
	w.before = e
	return result, w.unrecorded(w.engine.record(e), "it will be looked at once more")
}
