package plugin

import (
	"errors"
	"fmt"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledger"
)

// Question asks what a ledger knows of a photo.
type Question struct {
	Path    string // absolute
	Work    string // what is to be done: pipeline and output folder
	Content string // SHA-256, hexadecimal
}

// Recollection is what it knows.
type Recollection struct {
	Entry  history.Record // of this path and work, whatever the content; zero where there is none
	Output bool           // the content is one that Burnish wrote
	Equal  string         // a photo of that content with whose outputs this work is done; "" for none
	Named  bool           // nobody remembers such photos: it is work because a user names it, whatever it is
}

// WithRecall lets [Engine.Plan] ask a ledger that the engine does not have open.
// What ask fails for is planned as if the ledger knew nothing.
func WithRecall(ask func(Question) (Recollection, error)) Option {
	return func(e *Engine) { e.recall = ask }
}

// Recall answers a question.
func (r *Records) Recall(q Question) (a Recollection, err error) {
	entry, _, err := history.Find(r.ledger, q.Path, q.Work)
	output, err2 := r.ledger.IsOutput(q.Content)
	equal, ok, err3 := history.FindEqual(r.ledger, q.Content, q.Work)
	if ok {
		a.Equal = equal.Path
	}
	a.Entry, a.Output = entry, output
	return a, errors.Join(err, err2, err3)
}

// Peek opens the records in a state folder for a look: nothing there is
// written, and Recall alone may be called. It fails where an engine has them
// open, and keeps others from opening them until it is closed.
func Peek(stateDir string) (*Records, error) {
	l, err := ledger.Peek(stateDir)
	if err != nil {
		return nil, err
	}
	return &Records{l, stateDir}, nil
}

// remembered is why nothing would be done for a photo whose hash is known, by
// what a ledger and the photo itself tell; "" where something would.
func (w *work) remembered(plan *Plan) string {
	if w.engine.recall == nil {
		return ""
	}
	a, err := w.engine.recall(Question{Path: w.request.Path, Work: w.key, Content: w.src.KnownHash()})
	if err != nil {
		return "" // whoever made the option says so
	}
	w.before, w.named = a.Entry, a.Named
	past := w.past()
	if reason := w.verdict(past); reason != "" {
		if past.State == history.Done && !past.Finished.IsZero() {
			reason += ", " + past.Finished.Local().Format(time.DateTime)
		}
		if past.State == history.Skipped && past.Error != "" {
			reason += ": " + past.Error
		}
		return reason
	}
	if a.Output {
		return "made by Burnish"
	}
	if past.State == history.Failed {
		plan.Notes = append(plan.Notes, fmt.Sprintf("failed before, attempt %d: %s", past.Attempts, past.Error))
	}
	if a.Equal != "" && a.Equal != w.request.Path && w.pipeline.copies() {
		plan.Notes = append(plan.Notes, "the same content as "+a.Equal+", whose outputs would be copied where they are as they were")
	}
	return ""
}
