package verify

import (
	"errors"
	"fmt"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/originals"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// heal asks for a photo's outputs to be made again. Those that were altered are
// marked, where that is asked: they go to the trash when others take their places,
// so that a crash never leaves a record without its file. Else they stay, and what is
// made again is what is missing.
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
	r := l.record
	r.State, r.Redo, r.Altered = history.Requeued, nil, nil
	if l.request.Heal == Altered {
		for _, i := range l.altered {
			o, err := l.mark(i)
			if err != nil {
				l.hint(fmt.Sprintf("move it away yourself: %v", err))
				return nil
			}
			r.Altered = append(r.Altered, o)
		}
	}
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

// mark is the file that lies in the place of an output which was altered.
func (l *look) mark(i int) (o history.Output, err error) {
	o.Path = l.record.Outputs[i].Path
	s, err := originals.Look(l.rootOf(o), o.Path, "", false)
	if err != nil || !s.There {
		return o, err // it is gone by now
	}
	if !s.Same {
		return o, errors.New("it is not a file")
	}
	o.Size = s.Info.Size()
	o.Hash, err = staging.Digest(o.Path)
	return o, err
}
