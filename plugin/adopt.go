package plugin

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/burnish-photo/burnish/plugin/output/metadata"
	"github.com/burnish-photo/burnish/plugin/output/staging"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/naming"
	"github.com/burnish-photo/burnish/plugin/source"
)

// recognised is why nothing is done for a photo that the ledger does not know.
const recognised = "already done: its outputs say so themselves"

// recognisedNote marks the record of such a photo.
const recognisedNote = "recognised"

// adopt records as done a photo that the ledger knows nothing of, where all its
// outputs bear the names that they would get, say that they are this pipeline's
// of this content, and are to the byte as they were written. Where one does not
// tell, the photo is worked on, and what turns out equal stays as it is.
func (w *work) adopt() (done bool, err error) {
	if w.engine.ledger == nil && (!w.engine.recognise || w.job.Again) || w.past().State != "" {
		return false, nil
	}
	header, err := w.src.Header()
	if err != nil {
		return false, nil //nolint:nilerr // whoever decodes it will say so
	}
	pages, _ := w.pages(header)
	src, err := w.src.Decode(context.Background(), 0)
	if err != nil {
		return false, nil //nolint:nilerr // as above
	}
	w.choice, err = w.pipeline.graph.Choose(src)
	src.Close()
	if err != nil {
		return false, nil //nolint:nilerr // as above
	}
	found, err := w.findMade(src.Source, pages)
	if len(found) == 0 || err != nil || w.own() != nil {
		w.targets = nil
		return false, err
	}
	if w.engine.ledger == nil {
		w.keepMade(found)
		return true, nil
	}
	e := w.withOutputs(history.Done, Result{Notes: found[0].notes()})
	e.Started, e.Finished = time.Time{}, time.Time{}
	for _, m := range found {
		e.Outputs = append(e.Outputs, m.Output)
		if m.came.After(e.Finished) {
			e.Started, e.Finished = m.came, m.came
		}
	}
	w.before = e
	return true, w.unrecorded(w.engine.record(e), "its outputs are there; it will be looked at once more")
}

// keepMade makes an engine without a ledger know outputs that are there.
func (w *work) keepMade(found []made) {
	w.engine.mu.Lock()
	defer w.engine.mu.Unlock()
	for _, m := range found {
		w.engine.written[m.Path] = written{w.request.Path, m.Hash}
	}
}

// made is an output that is known by its provenance, or, without a ledger, as a
// copy of the photo.
type made struct {
	history.Output
	metadata.Provenance
	came time.Time
}

func (m made) notes() map[string]string {
	notes := map[string]string{recognisedNote: "by its outputs"}
	for name, value := range map[string]string{"model": m.Model, "model_digest": m.ModelDigest, "device": m.Device, "fidelity": m.Fidelity} {
		if value != "" {
			notes[name] = value
		}
	}
	return notes
}

// findMade finds all outputs of the photo and sets the targets; nothing where
// one is missing or is not certain to be the photo's.
func (w *work) findMade(src *ops.Source, pages int) (found []made, err error) {
	facts, err := w.facts(src.Taken)
	if err != nil {
		return nil, err
	}
	facts.Pages = pages
	w.targets = nil
	for page := range pages {
		for i := range w.pipeline.outputs {
			facts.Page = page + 1
			t := target{output: i, page: page, encoder: w.pipeline.outputs[i].Encoder(src.Format)}
			if _, out := w.choice.LeftOut(i); out {
				w.targets = append(w.targets, t)
				continue
			}
			m, stands, err := w.findOne(facts, &t)
			if err != nil || m == nil && !stands {
				return nil, err
			}
			w.targets = append(w.targets, t)
			if m != nil && !slices.ContainsFunc(found, func(o made) bool { return o.Path == m.Path }) {
				found = append(found, *m)
			}
		}
	}
	if !slices.ContainsFunc(found, func(m made) bool { return m.Source != "" }) {
		return nil, nil // copies alone tell nothing of the pipeline
	}
	return found, nil
}

// findOne finds one output under the name, or one of the names, that it gets.
// It stands where a file that is not the photo's is to stay.
func (w *work) findOne(facts naming.Facts, t *target) (_ *made, stands bool, err error) {
	o := &w.pipeline.outputs[t.output]
	plain, err := w.plainName(o, facts, t.encoder)
	if err != nil {
		return nil, false, nil //nolint:nilerr // claim will say so
	}
	names := []string{plain}
	if o.Collision == naming.Number {
		names = naming.NumberedThere(plain)
	}
	missing := false
	for _, name := range names {
		t.path = name
		info, err := os.Lstat(name)
		if err != nil {
			missing = true
			continue
		}
		if m, err := w.isMade(*t, info); m != nil || err != nil {
			return m, false, err
		}
	}
	t.path = ""
	return nil, !missing && o.Collision == naming.Skip, nil
}

// isMade is what a file says of itself if it is this very target.
func (w *work) isMade(t target, info os.FileInfo) (*made, error) {
	if !info.Mode().IsRegular() {
		return nil, nil
	}
	w.engine.mu.Lock()
	other := w.engine.claims[t.path]
	owner, _, err := w.ownerBeside(t.path)
	w.engine.mu.Unlock()
	if err != nil || owner != "" || other != nil && other != w {
		return nil, err
	}
	p, ok := metadata.ReadProvenance(t.path, t.encoder.Format)
	if !ok && w.engine.ledger == nil && info.Size() == w.src.File.Info.Size() {
		hash, size, err := staging.SyncAndDigest(t.path)
		if err != nil || hash != w.src.KnownHash() {
			return nil, nil //nolint:nilerr // gone, or not readable
		}
		return &made{Output: history.Output{Path: t.path, Size: size, Hash: hash}, came: source.Arrived(info)}, nil
	}
	if !ok || p.Source != w.src.KnownHash() || p.Fingerprint != w.pipeline.work || p.Pipeline != w.pipeline.name || p.Part != w.part(t) {
		return nil, nil
	}
	hash, size, err := staging.SyncAndDigest(t.path)
	if err != nil {
		return nil, nil //nolint:nilerr // gone, or not readable
	}
	if intact, err := p.Intact(t.path, t.encoder.Format); !intact || err != nil {
		return nil, nil //nolint:nilerr // as above
	}
	return &made{Output: history.Output{Path: t.path, Size: size, Hash: hash}, Provenance: p, came: source.Arrived(info)}, nil
}

// part tells a target from the photo's others and, where the photo's place
// decides what it becomes, from those of equal photos elsewhere.
func (w *work) part(t target) string {
	text := fmt.Sprint(t.output + 1)
	if t.page > 0 && !t.encoder.Joins() {
		text += fmt.Sprintf(" of page %d", t.page+1)
	}
	if w.pipeline.graph.DependsOnPath() {
		rel, _ := filepath.Rel(w.request.Root, w.request.Path) // as facts found it
		place := sha256.Sum256(fmt.Appendf(nil, "%q %d", rel, w.src.File.Info.ModTime().Unix()))
		text += fmt.Sprintf(" at %x", place[:6])
	}
	return text
}

// isOfThis reports whether a file with that digest says itself that Burnish made
// it of this photo and that nobody changed it since, or is a copy of the photo.
func (w *work) isOfThis(path, hash string) bool {
	if !w.engine.recognise || hash == w.src.KnownHash() {
		return w.engine.recognise
	}
	format, err := vips.Sniff(path)
	if err != nil || format == "" {
		return false
	}
	p, ok := metadata.ReadProvenance(path, format)
	if !ok || p.Source != w.src.KnownHash() {
		return false
	}
	intact, err := p.Intact(path, format)
	return intact && err == nil
}
