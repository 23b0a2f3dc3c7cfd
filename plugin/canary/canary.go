// Package canary tries a changed pipeline on a sample of the photos that were done
// before, and keeps the others from following until somebody has decided. It begins
// trials, tells what came of them, and brings them to their end: either all photos
// are asked for, or the sample's former outputs are put back by the journal.
//
// Which photos are tried is decided by package rollout, and photo by photo by package
// history; trials are kept with the versions of pipelines.
package canary

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/rollout"
	"github.com/burnish-photo/burnish/plugin/mounts"
)

// Begin begins a trial for each change of a pipeline in force that concerns photos
// below the folders, which shares gives by path, as a part of 1. A change that is
// known as one stays as it is.
func Begin(ctx context.Context, s history.Store, shares map[string]float64, now time.Time) error {
	if len(shares) == 0 {
		return nil
	}
	versions, err := history.AllVersions(s)
	if err != nil {
		return err
	}
	if !changed(versions) {
		return nil
	}
	concerned, err := contents(ctx, s, versions, shares)
	if err != nil {
		return err
	}
	for of, found := range concerned {
		v := versions[of.settings]
		if _, known := v.Trial(of.folder, v.Build); known {
			continue
		}
		t := rollout.Trial{Folder: of.folder, Build: v.Build, Share: shares[of.folder], Since: now}
		t.Choose(v.Settings, found)
		v.Trials = append(slices.Clone(v.Trials), t)
		versions[of.settings] = v
		if err := s.SetVersion(v); err != nil {
			return err
		}
	}
	return nil
}

// changed reports whether anything may have been done by another version or build
// than those in force.
func changed(versions history.Versions) bool {
	for _, v := range versions {
		if !v.Until.IsZero() || len(v.Builds) > 1 {
			return true
		}
	}
	return false
}

// subject is what a trial is of.
type subject struct{ settings, folder string }

// contents are those of the photos that changes concern. Photos that are gone are
// left out, unless their folder is: its disk may not be mounted.
func contents(ctx context.Context, s history.Store, versions history.Versions, shares map[string]float64) (map[subject][]string, error) {
	all, empty := map[subject][]string{}, map[string]bool{}
	for folder := range shares {
		empty[folder] = mounts.IsEmpty(folder)
	}
	err := s.Each(false, func(r history.Record) error {
		if _, tried := shares[r.Root]; !tried {
			return ctx.Err()
		}
		v, ok := versions.InForce(r)
		if ok && r.Undone.IsZero() && v.Concerns(r, versions[r.Settings()]) && (empty[r.Root] || mounts.MayExist(r.Path)) {
			of := subject{v.Settings, r.Root}
			all[of] = append(all[of], r.Content)
		}
		return ctx.Err()
	})
	return all, err
}

// Trial is a trial and what came of it so far.
type Trial struct {
	rollout.Trial
	Pipeline string  `json:"pipeline"`
	At       string  `json:"at,omitempty"` // what was changed, such as "step resize"; "" where only models or operators were
	Waiting  int     `json:"waiting"`      // photos that the change concerns and that were not tried
	Done     int     `json:"done"`         // photos tried
	Failed   int     `json:"failed"`       // of the sample
	Figures  Figures `json:"figures"`
	Photos   []Photo `json:"photos,omitempty"` // tried, the least alike first
}

// Photo is a photo that was tried.
type Photo struct {
	ID      string             `json:"id"` // of its record, in listings
	Path    string             `json:"path"`
	Before  string             `json:"before"` // how its task had ended; see [history.Record.Result]
	After   string             `json:"after"`
	Error   string             `json:"error,omitempty"`
	Outputs []history.Compared `json:"outputs,omitempty"`
	Seconds [2]float64         `json:"seconds"` // that it took before, and now
}

// Likeness is the least PSNR of the photo's outputs, and whether one is known.
func (p Photo) Likeness() (least float64, known bool) {
	for _, o := range p.Outputs {
		if o.PSNR != nil && (!known || *o.PSNR < least) {
			least, known = *o.PSNR, true
		}
	}
	return least, known
}

// Decision tells of a decision on the photo that became another, "" where it did
// not.
func (p Photo) Decision() string {
	if p.Before == p.After || p.Error != "" {
		return ""
	}
	return fmt.Sprintf("%s, before %s", p.After, p.Before)
}

// Figures are sums and means over the photos that were tried.
type Figures struct {
	Equal     int        `json:"equal"`            // outputs that became the very same
	Compared  int        `json:"compared"`         // outputs with a PSNR
	MeanPSNR  float64    `json:"mean_psnr"`        // of these, in dB
	LeastPSNR float64    `json:"least_psnr"`       // of these
	Bytes     [2]int64   `json:"bytes"`            // of outputs that there were before, and of these now
	Seconds   [2]float64 `json:"seconds"`          // of all photos, before and now
	Decisions int        `json:"decisions"`        // photos for which it was decided otherwise
	Unlike    int        `json:"unlike,omitempty"` // outputs that cannot be compared
}
