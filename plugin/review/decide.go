package review

import (
	"errors"
	"fmt"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
)

// Approve lets the results that s selects be published when the engine comes to
// their photos, which are returned. Those that are stale, or about to be made
// anew, are errors and wait on.
func (d *Desk) Approve(s Selection) (photos []string, err error) {
	return d.decide(s, func(r *history.Record) error {
		switch why := d.stale(*r); {
		case why != "":
			return fmt.Errorf("%s: not approved: %s: put it back, or let it be made anew; burnish review reject gives it up", r.Path, why)
		case r.State == history.Requeued:
			return fmt.Errorf("%s: not approved: it is being made with another strength; try again when it waits", r.Path)
		case r.State == history.Quarantined:
			return fmt.Errorf("%s: not approved: it is in quarantine: burnish retry makes it wait again", r.Path)
		}
		r.State, r.Review.Approved, r.Review.Try = history.Waiting, time.Now(), nil
		r.Error, r.Hint, r.ErrorClass = "", "", ""
		return nil
	})
}

// Reject gives up the results that s selects, and removes them. The originals
// stay as they are, and nothing is made of them until somebody asks for it.
func (d *Desk) Reject(s Selection) (photos []string, err error) {
	var left []history.Review
	photos, err = d.decide(s, func(r *history.Record) error {
		if r.State == history.Quarantined {
			return fmt.Errorf("%s: not rejected: it is in quarantine: burnish retry makes it wait again", r.Path)
		}
		left = append(left, *r.Review)
		r.State, r.Review, r.Finished, r.Outputs = history.Rejected, nil, time.Now(), nil
		r.Error, r.Hint, r.ErrorClass = "rejected in review", "", ""
		return nil
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
func (d *Desk) Try(s Selection, strength float64) (photos []string, err error) {
	if !(strength >= 0 && strength <= 1) {
		return nil, fmt.Errorf("strength must be between 0 and 1, got %g", strength)
	}
	return d.decide(s, func(r *history.Record) error {
		e := d.entry(*r)
		switch {
		case !e.Tunable:
			return fmt.Errorf("%s: no network restored it, so another strength makes no difference", r.Path)
		case r.State == history.Quarantined:
			return fmt.Errorf("%s: it is in quarantine: burnish retry makes it wait again", r.Path)
		}
		r.State, r.Review.Try, r.Review.Approved = history.Requeued, &strength, time.Time{}
		r.Error, r.Hint, r.ErrorClass = "", "", ""
		return nil
	})
}

// decide changes the records that s selects, and returns their photos.
func (d *Desk) decide(s Selection, change func(*history.Record) error) (photos []string, err error) {
	err = d.each(s, func(chosen history.Record) error {
		if err := d.changeOne(chosen, change); err != nil {
			return err
		}
		photos = append(photos, chosen.Path)
		return nil
	})
	return photos, err
}

// changeOne changes one record, as it is now.
func (d *Desk) changeOne(chosen history.Record, change func(*history.Record) error) error {
	d.shelf.deciding.Lock()
	defer d.shelf.deciding.Unlock()
	all, err := d.records.Store().Of(chosen.Path)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Task != chosen.Task || r.Review == nil || r.Review.Folder != chosen.Review.Folder {
			continue
		}
		if err := change(&r); err != nil {
			return err
		}
		return d.records.Store().Put(r)
	}
	return fmt.Errorf("%s: it was decided on, or made anew, meanwhile", chosen.Path)
}
