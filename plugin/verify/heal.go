package verify

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/originals"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// Kept is for how long the trash keeps outputs that were altered.
const Kept = 30 * 24 * time.Hour

// heal asks for a photo's outputs to be made again. Those that were altered go to
// the trash before, where that is asked; else they stay, and what is made again
// is what is missing.
func (l *look) heal() error {
	if l.record.MovedTo != "" {
		l.hint("burnish undo puts the original back, and burnish reprocess makes the outputs again")
		return nil
	}
	if !l.original {
		return nil
	}
	redo := l.missing
	if l.request.Heal == Altered {
		redo = append(redo, l.altered...)
	}
	if len(redo) == 0 {
		return nil
	}
	if l.Hold != nil {
		release, err := l.Hold(l.ctx, l.record.Path)
		if err != nil {
			return err
		}
		defer release()
		if changed, err := l.changed(); changed || err != nil {
			return err // it was processed meanwhile
		}
	}
	if l.request.Heal == Altered {
		for _, i := range l.altered {
			if err := l.setAside(i); err != nil {
				l.hint(fmt.Sprintf("move it away yourself: %v", err))
				return nil
			}
		}
	}
	r := l.record
	r.State, r.Redo = history.Requeued, nil
	for _, i := range redo {
		if place := r.Outputs[i].Place; place > 0 {
			r.Redo = append(r.Redo, place)
		}
	}
	if len(r.Redo) < len(redo) {
		r.Redo = nil // an older record, of which all is made again
	}
	if err := l.Store.Put(r); err != nil {
		return err
	}
	l.requeued = true
	for _, i := range redo {
		for n := range l.findings {
			if l.findings[n].File == r.Outputs[i].Path {
				l.findings[n].Healed, l.findings[n].Hint = true, ""
			}
		}
	}
	return nil
}

// changed reports whether the record is another by now.
func (l *look) changed() (bool, error) {
	all, err := l.Store.Of(l.record.Path)
	for _, r := range all {
		if r.Task == l.record.Task {
			return r.State != history.Done || !r.Finished.Equal(l.record.Finished), err
		}
	}
	return true, err
}

// hint replaces what is said about the outputs.
func (l *look) hint(text string) {
	for n := range l.findings {
		if l.findings[n].Kind == MissingOutput || l.findings[n].Kind == AlteredOutput {
			l.findings[n].Hint = text
		}
	}
}

// setAside moves an output that was altered to the trash.
func (l *look) setAside(i int) error {
	o := l.record.Outputs[i]
	trash := filepath.Join(originals.TrashFor(l.StateDir, Kept), "altered-"+time.Now().UTC().Format("20060102T150405.000Z"))
	root := l.rootOf(o)
	s, err := originals.Look(root, o.Path, "", false)
	if err != nil || !s.There {
		return err
	}
	if !s.Same {
		return errors.New("it is not a file")
	}
	_, err = originals.Mover{Owner: staging.PrefixOf(l.StateDir)}.Carry(originals.Way{From: o.Path, FromTop: root, To: filepath.Join(trash, o.Path), ToTop: trash})
	return err
}
