package canary

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/plugin/change"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/rollout"
	"github.com/burnish-photo/burnish/plugin/mounts"
)

// shown is how many photos a look tells of by name.
const shown = 200

// Look tells of the trials of the pipelines that are in force. It reads all records
// where there are such.
func Look(ctx context.Context, s history.Store) (trials []Trial, err error) {
	versions, err := history.AllVersions(s)
	if err != nil {
		return nil, err
	}
	type place struct{ pipeline, folder string }
	at := map[place]int{}
	for _, v := range versions {
		for _, t := range v.Trials {
			if v.Until.IsZero() && t.Build == v.Build {
				trials = append(trials, Trial{Trial: t, Pipeline: v.Pipeline})
			}
		}
	}
	if len(trials) == 0 {
		return nil, nil
	}
	slices.SortFunc(trials, func(a, b Trial) int {
		return cmp.Or(cmp.Compare(a.Folder, b.Folder), cmp.Compare(a.Pipeline, b.Pipeline))
	})
	for i, t := range trials {
		at[place{t.Pipeline, t.Folder}] = i
	}
	err = s.Each(false, func(r history.Record) error {
		if i, ok := at[place{r.Pipeline, r.Root}]; ok {
			trials[i].see(r, versions)
		}
		return ctx.Err()
	})
	for i := range trials {
		trials[i].end()
	}
	return trials, err
}

// see adds a record of the trial's folder and pipeline.
func (t *Trial) see(r history.Record, versions history.Versions) {
	v, ok := versions.InForce(r)
	switch {
	case !ok:
	case r.Trial != nil && r.Settings() == v.Settings:
		t.at(versions[r.Trial.Before.Settings()], v)
		t.tried(r)
	case r.Undone.IsZero() && v.Concerns(r, versions[r.Settings()]) && mounts.MayExist(r.Path):
		t.at(versions[r.Settings()], v)
		t.Waiting++
	}
}

// at tells what was changed since a version, where that is known.
func (t *Trial) at(before, now history.Version) {
	if t.At == "" && before.Settings != "" && before.Settings != now.Settings {
		t.At = change.At(before, now)
	}
}

// tried adds a photo of the sample.
func (t *Trial) tried(r history.Record) {
	before := r.Trial.Before
	p := Photo{ID: r.ID(), Path: r.Path, Before: before.Result(), After: r.Result(), Outputs: r.Trial.Outputs, Seconds: [2]float64{seconds(before), seconds(r)}}
	f := &t.Figures
	if r.HasFailed() {
		p.Error = strings.TrimPrefix(r.Error, r.Path+": ")
		t.Failed++
		if before.Task != r.Task && mounts.MayExist(r.Path) {
			t.Waiting-- // the record of before stands, and is met, too
		}
	} else {
		t.Done++
		f.Seconds[0] += p.Seconds[0]
		f.Seconds[1] += p.Seconds[1]
	}
	if p.Decision() != "" {
		f.Decisions++
	}
	for _, o := range p.Outputs {
		if o.Before > 0 {
			f.Bytes[0] += o.Before
			f.Bytes[1] += o.After
		}
		switch {
		case o.Equal:
			f.Equal++
		case o.PSNR == nil:
			f.Unlike++
		default:
			if f.Compared == 0 || *o.PSNR < f.LeastPSNR {
				f.LeastPSNR = *o.PSNR
			}
			f.MeanPSNR += *o.PSNR // the sum, until the end
			f.Compared++
		}
	}
	t.Photos = append(t.Photos, p)
}

// end makes means of sums, and puts first what should be looked at first.
func (t *Trial) end() {
	if t.Figures.Compared > 0 {
		t.Figures.MeanPSNR /= float64(t.Figures.Compared)
	}
	slices.SortStableFunc(t.Photos, func(a, b Photo) int {
		if (a.Error != "") != (b.Error != "") {
			return map[bool]int{true: -1, false: 1}[a.Error != ""]
		}
		x, knownX := a.Likeness()
		y, knownY := b.Likeness()
		if knownX != knownY {
			return map[bool]int{true: -1, false: 1}[knownX]
		}
		return cmp.Or(cmp.Compare(x, y), cmp.Compare(a.Path, b.Path))
	})
	if len(t.Photos) > shown {
		t.Photos = t.Photos[:shown]
	}
}

// seconds is what a task took.
func seconds(r history.Record) float64 {
	if r.Started.IsZero() {
		return 0
	}
	return max(0, r.Finished.Sub(r.Started).Seconds())
}

// Ready reports whether the whole sample was tried.
func (t Trial) Ready() bool { return t.Verdict == rollout.Open && t.Done+t.Failed >= t.Chosen }
