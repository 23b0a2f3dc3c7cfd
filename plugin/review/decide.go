package review

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
)

// Approve lets the results that s selects be published when the engine comes to
// their photos, which are returned. Those that are stale, or about to be made
// anew, are errors and wait on.
func (d *Desk) Approve(ctx context.Context, s Selection) (photos []string, err error) {
	return d.decide(ctx, s, decision{
		check: func(r history.Record) (bool, error) {
			switch why := d.stale(r); {
			case why != "":
				return false, fmt.Errorf("%s: not approved: %s: put it back, or let it be made anew; burnish review reject gives it up", r.Path, why)
			case r.State == history.Waiting && !r.Review.Approved.IsZero():
				return true, nil // it may be published right now
			case r.State == history.Requeued:
				return false, fmt.Errorf("%s: not approved: it is being made with another strength; try again when it waits", r.Path)
			case r.State == history.Quarantined:
				return false, fmt.Errorf("%s: not approved: it is in quarantine: burnish retry makes it wait again", r.Path)
			}
			return false, nil
		},
		change: func(r *history.Record) {
			r.State, r.Review.Approved, r.Review.Try = history.Waiting, time.Now(), nil
		},
	})
}

// Reject gives up the results that s selects, and removes them. The originals
// stay as they are, and nothing is made of them until somebody asks for it.
func (d *Desk) Reject(ctx context.Context, s Selection) (photos []string, err error) {
	var left []history.Review
	photos, err = d.decide(ctx, s, decision{
		check: func(r history.Record) (bool, error) {
			if r.State == history.Quarantined {
				return false, fmt.Errorf("%s: not rejected: it is in quarantine: burnish retry makes it wait again", r.Path)
			}
			return false, nil
		},
		change: func(r *history.Record) {
			r.State, r.Review, r.Finished, r.Outputs = history.Rejected, nil, time.Now(), nil
			r.Error = "rejected in review"
		},
		changed: func(was history.Record) { left = append(left, *was.Review) },
	})
	errs := []error{err}
	for _, l := range left {
		errs = append(errs, l.Remove(d.records.StateDir()))
	}
	return photos, errors.Join(errs...)
}

// Try lets the photos that s selects be made anew with another strength of their
// restoration, 0 to 1, and returns them. Until then their results wait as they
// are; afterwards what was made waits in their place.
func (d *Desk) Try(ctx context.Context, s Selection, strength float64) (photos []string, err error) {
	if !(strength >= 0 && strength <= 1) {
		return nil, fmt.Errorf("strength must be between 0 and 1, got %g", strength)
	}
	return d.decide(ctx, s, decision{
		check: func(r history.Record) (bool, error) {
			switch e := d.entry(r); {
			case !e.Tunable:
				return false, fmt.Errorf("%s: no network restored it, so another strength makes no difference", r.Path)
			case r.State == history.Quarantined:
				return false, fmt.Errorf("%s: it is in quarantine: burnish retry makes it wait again", r.Path)
			}
			return false, nil
		},
		change: func(r *history.Record) {
			r.State, r.Review.Try, r.Review.Approved = history.Requeued, &strength, time.Time{}
		},
	})
}

// decision is what becomes of records.
type decision struct {
	check  func(history.Record) (done bool, err error) // refuses one; done is one that is so already
	change func(*history.Record)

	changed func(was history.Record) // it is on disk; may be nil
}

// decide changes the records that s selects, and returns their photos.
func (d *Desk) decide(ctx context.Context, s Selection, what decision) (photos []string, err error) {
	err = d.each(s, func(chosen history.Record) error {
		done, err := what.check(chosen)
		if err == nil && !done {
			err = d.changeOne(ctx, chosen, what)
		}
		if err == nil {
			photos = append(photos, chosen.Path)
		}
		return err
	})
	return photos, err
}

// changeOne changes one record, as it is once nothing is done with its photo: whoever
// works on it would write over the decision, or the decision over what came of it.
func (d *Desk) changeOne(ctx context.Context, chosen history.Record, what decision) error {
	if d.records.Hold != nil {
		release, err := d.records.Hold(ctx, chosen.Path)
		if err != nil {
			return fmt.Errorf("%s: not decided, it is being processed: %w", chosen.Path, err)
		}
		defer release()
	}
	all, err := d.records.Store().Of(chosen.Path)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Task != chosen.Task || r.Review == nil || r.Review.Folder != chosen.Review.Folder {
			continue
		}
		if done, err := what.check(r); done || err != nil {
			return err
		}
		r.Error, r.Hint, r.ErrorClass = "", "", ""
		was := r
		what.change(&r)
		if err := d.records.Store().Put(r); err != nil {
			return err
		}
		if what.changed != nil {
			what.changed(was)
		}
		return nil
	}
	return fmt.Errorf("%s: it was decided on, or made anew, meanwhile", chosen.Path)
}
