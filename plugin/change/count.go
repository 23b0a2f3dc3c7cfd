package change

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/mounts"
)

// errFound ends a walk early.
var errFound = errors.New("found")

// Change is what became of a pipeline, and what it means for photos below one
// folder that were done before.
type Change struct {
	Pipeline string  `json:"pipeline"`
	Folder   string  `json:"folder,omitempty"` // that the photos were found below
	At       string  `json:"at"`               // the first step or output that is another, such as "step resize"
	Photos   int     `json:"photos"`
	Outputs  int     `json:"outputs"`         // to be made, of all of these photos
	Offline  int     `json:"without_network"` // photos for which no network has to run
	Seconds  float64 `json:"seconds"`         // estimated, of one photo after the other

	Asked int `json:"asked,omitempty"` // of the photos, those that are to be done as soon as may be

	Version string `json:"version,omitempty"` // fingerprint of the pipeline as it is now
}

// Survey is what a walk through the records finds.
type Survey struct {
	Changes []Change // by pipeline, folder and what changed, as they were met
	Older   int      // results that stand although another build would make them now
}

// survey walks.
type survey struct {
	now   map[string]history.Version // in force, by settings
	known map[string]history.Version // all, by settings
	used  map[string]bool            // settings that records are of
	Survey

	compared map[[2]string]difference
	path     string           // whose records are being gathered
	records  []history.Record // of it
}

// Count walks through the records, as far as versions that are no longer in force
// may have made some, and forgets versions that none is of any more.
func Count(ctx context.Context, s history.Store, forget bool) (Survey, error) {
	all, err := s.Versions()
	if err != nil {
		return Survey{}, err
	}
	w := &survey{now: map[string]history.Version{}, known: map[string]history.Version{}, used: map[string]bool{}, compared: map[[2]string]difference{}}
	several := false
	for _, v := range all {
		if w.known[v.Settings] = v; v.Until.IsZero() {
			w.now[v.Settings] = v
		}
		several = several || !v.Until.IsZero() || len(v.Builds) > 1
	}
	if !several {
		return Survey{}, nil
	}
	err = s.Each(false, func(r history.Record) error {
		w.see(r)
		return ctx.Err()
	})
	w.gathered()
	if err != nil || !forget {
		return w.Survey, err
	}
	for _, v := range all {
		if !v.Until.IsZero() && !w.used[v.Settings] {
			if err := s.DropVersion(v.Settings); err != nil {
				return w.Survey, err
			}
		}
	}
	return w.Survey, nil
}

// see gathers the records of each photo, which come one after the other.
func (w *survey) see(r history.Record) {
	if r.Path != w.path {
		w.gathered()
		w.path = r.Path
	}
	settings := r.Settings()
	if _, ok := w.known[settings]; !ok {
		settings = "" // of before versions were known
	}
	w.used[settings] = true
	if v, ok := w.now[settings]; ok && r.State == history.Done && r.Superseded == "" && r.Older(v) && mounts.MayExist(r.Path) {
		w.Older++
	}
	w.records = append(w.records, r)
}

// gathered counts the photo whose records were gathered, where none of them is of
// its pipeline as it is now. One that is gone keeps the outputs that it has.
func (w *survey) gathered() {
	for _, v := range w.now {
		of := func(r history.Record) bool { return r.Pipeline == v.Pipeline }
		current := func(r history.Record) bool {
			return of(r) && r.Settings() == v.Settings && r.MovedTo == "" && r.Superseded == ""
		}
		if slices.ContainsFunc(w.records, current) {
			continue
		}
		if last, ok := history.Latest(w.records, of); ok && mounts.MayExist(last.Path) {
			w.add(last, v)
		}
	}
	w.records = w.records[:0]
}

// add counts a photo that was done by another version than v.
func (w *survey) add(r history.Record, v history.Version) {
	d := w.difference(r.Settings(), v)
	if len(d.stale) == 0 {
		return
	}
	i := slices.IndexFunc(w.Changes, func(c Change) bool { return c.Pipeline == v.Pipeline && c.Folder == r.Root && c.At == d.at })
	if i < 0 {
		i = len(w.Changes)
		w.Changes = append(w.Changes, Change{Pipeline: v.Pipeline, Folder: r.Root, At: d.at, Version: v.Settings})
	}
	c := &w.Changes[i]
	c.add(r, v, d)
	if r.State == history.Requeued {
		c.Asked++
	}
}

// add counts a photo of which what differs is to be made.
func (c *Change) add(r history.Record, v history.Version, d difference) {
	network := false
	for _, place := range d.stale {
		network = network || v.NeedsNetwork(place)
	}
	c.Photos++
	c.Outputs += len(d.stale)
	if network = network && (d.networks || r.Notes["left_alone"] == ""); !network {
		c.Offline++
	}
	c.Seconds += seconds(r, network, float64(len(d.stale))/float64(max(1, len(r.Outputs))))
}

// Work estimates what it takes to make results again.
type Work struct {
	Change
	versions history.Versions
	compared map[[2]string]difference
}

// NewWork begins with none.
func NewWork(s history.Store) (*Work, error) {
	versions, err := history.AllVersions(s)
	return &Work{versions: versions, compared: map[[2]string]difference{}}, err
}

// Add adds a result. Of one that is current all outputs are made again.
func (w *Work) Add(r history.Record) {
	v, ok := w.versions.InForce(r)
	if !ok {
		w.Photos++
		w.Seconds += seconds(r, true, 1)
		w.Outputs += len(r.Outputs)
		return
	}
	key := [2]string{r.Settings(), v.Settings}
	d, known := w.compared[key]
	if !known {
		d = compare(w.versions[r.Settings()], v)
		if len(d.stale) == 0 {
			d = compare(history.Version{}, v)
			d.networks = false
		}
		w.compared[key] = d
	}
	w.add(r, v, d)
}

// seconds estimates from what a photo took before, which made that part of as
// many outputs as are to be made.
func seconds(r history.Record, network bool, part float64) float64 {
	stages := r.Stats.Stages
	if len(stages) == 0 { // of an older release, or copied
		took := r.Finished.Sub(r.Started).Seconds()
		if network {
			return took
		}
		return took * min(1, part) / 4
	}
	rest := (stages[ops.StageEncode] + stages[ops.StageVerify]).Seconds() * part
	if network {
		rest += stages[ops.StageRestore].Seconds()
	}
	return rest
}

// difference is what has changed between two versions.
type difference struct {
	stale    []int  // outputs of the newer, by place, that the older did not make so
	at       string // the first step or output that is another
	networks bool   // a network's own step, or what it reads, is another
}

func (w *survey) difference(before string, v history.Version) difference {
	key := [2]string{before, v.Settings}
	if _, ok := w.compared[key]; !ok {
		w.compared[key] = compare(w.known[before], v)
	}
	return w.compared[key]
}

// At is the first step or output that is another in the newer of two versions.
func At(before, now history.Version) string { return compare(before, now).at }

func compare(old, v history.Version) (d difference) {
	d.stale = v.Stale(old)
	if len(old.Outputs) == 0 {
		return difference{d.stale, "an unknown step", true}
	}
	had := func(s history.VersionStep) bool {
		return slices.ContainsFunc(old.Steps, func(o history.VersionStep) bool { return o.Settings == s.Settings })
	}
	for _, i := range d.stale {
		for _, step := range v.Outputs[i].Steps {
			s := v.Steps[step]
			if had(s) {
				continue
			}
			d.networks = d.networks || s.Network
			if d.at == "" {
				d.at = "step " + s.Name
			}
		}
	}
	if d.at != "" || len(d.stale) == 0 {
		return d
	}
	first := v.Outputs[d.stale[0]]
	for i, o := range old.Outputs { // what is gone was the last of its steps
		if o.Path == first.Path && len(o.Steps) > len(first.Steps) {
			gone := old.Steps[old.Outputs[i].Steps[len(o.Steps)-1]]
			d.at = "step " + gone.Name + ", which is gone"
			return d
		}
	}
	d.at = "output " + strings.ReplaceAll(first.Path, "\n", " ")
	return d
}
