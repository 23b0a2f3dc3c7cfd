package plugin

import (
	"context"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/naming"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
	"github.com/burnish-photo/burnish/plugin/output/staging"
	"github.com/burnish-photo/burnish/plugin/source"
)

// outputs look at those of a task, for its history to decide.
type outputs struct{ *task }

// AreOf implements [history.Outputs].
func (o outputs) AreOf(r history.Record) (bool, error) {
	img, err := o.src.Decode(context.Background(), 0)
	if err != nil {
		return false, err
	}
	img.Close()
	wishes, err := o.wishes(img.Source, 1)
	if err != nil {
		return false, err
	}
	for i, wish := range wishes {
		if slices.Contains(r.LeftOut, i) {
			continue
		}
		made := r.Outputs[r.Place(i)]
		if hash, err := staging.Digest(wish.Path); wish.Path != made.Path || err != nil || hash != made.Hash {
			return false, nil
		}
	}
	return true, nil
}

// Existing implements [history.Outputs]. It finds the photo's outputs where all of
// them bear the names that they would get, say that they are this pipeline's of
// this content, and are to the byte as they were written, and takes their names.
// Where one does not tell, there are none: the photo is worked on, and what turns
// out equal stays as it is.
func (o outputs) Existing() ([]history.Existing, error) {
	header, err := o.src.Header()
	if err != nil {
		return nil, nil //nolint:nilerr // whoever decodes it will say so
	}
	img, err := o.src.Decode(context.Background(), 0)
	if err != nil {
		return nil, nil //nolint:nilerr // as above
	}
	err = o.choose(img)
	img.Close()
	if err != nil {
		return nil, nil //nolint:nilerr // as above
	}
	pages, _ := o.pipeline.pagesOf(header)
	found, targets, err := o.findExisting(img.Source, pages)
	if len(found) == 0 || err != nil {
		return nil, err
	}
	if o.names, err = o.engine.claims.Hold(o.owner(), targets); err != nil {
		return nil, nil //nolint:nilerr // somebody else's by now
	}
	return found, nil
}

// findExisting finds all outputs of the photo; nothing where one is missing or
// is not certain to be the photo's.
func (t *task) findExisting(src *ops.Source, pages int) (found []history.Existing, targets []naming.Target, err error) {
	wishes, err := t.wishes(src, pages)
	if err != nil {
		return nil, nil, nil //nolint:nilerr // claim will say so
	}
	told := false // by provenance: copies alone tell nothing of the pipeline
	for _, wish := range wishes {
		target := naming.Target{Wish: wish}
		if wish.Path != "" {
			e, provenance, stands, err := t.findOne(&target)
			if err != nil || e == nil && !stands {
				return nil, nil, err
			}
			told = told || provenance
			if e != nil && !slices.ContainsFunc(found, func(o history.Existing) bool { return o.Path == e.Path }) {
				found = append(found, *e)
			}
		}
		targets = append(targets, target)
	}
	if !told {
		return nil, nil, nil
	}
	return found, targets, nil
}

// findOne finds one output under the name, or one of the names, that it gets.
// It stands where a file that is not the photo's is to stay.
func (t *task) findOne(target *naming.Target) (_ *history.Existing, provenance, stands bool, err error) {
	names := []string{target.Path}
	if target.Collision == naming.Number {
		names = naming.NumberedThere(target.Path)
	}
	missing := false
	for _, name := range names {
		target.Name = name
		info, err := os.Lstat(name)
		if err != nil {
			missing = true
			continue
		}
		if e, provenance, err := t.recognize(*target, info); e != nil || err != nil {
			return e, provenance, false, err
		}
	}
	target.Name = ""
	return nil, false, !missing && target.Collision == naming.Skip, nil
}

// recognize is what a file says of itself if it is this very target; nil where
// it is not, or is gone or not readable.
func (t *task) recognize(target naming.Target, info fs.FileInfo) (_ *history.Existing, provenance bool, err error) {
	if !info.Mode().IsRegular() {
		return nil, false, nil
	}
	if free, err := t.engine.claims.Unclaimed(t.owner(), target.Name); !free || err != nil {
		return nil, false, err
	}
	p, ok := metadata.ReadProvenance(target.Name, target.Format)
	if !ok && (t.history.Remembers() || info.Size() != t.src.File.Info.Size()) || ok && !t.made(p, target.Wish) {
		return nil, false, nil
	}
	hash, size, err := staging.SyncAndDigest(target.Name)
	if err != nil || !ok && hash != t.src.KnownHash() {
		return nil, false, nil //nolint:nilerr // gone, or not readable
	}
	if ok {
		if intact, err := p.Intact(target.Name, target.Format); !intact || err != nil {
			return nil, false, nil //nolint:nilerr // as above
		}
	}
	e := history.Existing{Output: history.Output{Path: target.Name, Size: size, Hash: hash}, Notes: map[string]string{}, Arrived: source.Arrived(info)}
	for name, value := range map[string]string{"model": p.Model, "model_digest": p.ModelDigest, "device": p.Device, "fidelity": p.Fidelity} {
		if value != "" {
			e.Notes[name] = value
		}
	}
	return &e, ok, nil
}

// made reports whether provenance tells of this photo's own output.
func (t *task) made(p metadata.Provenance, w naming.Wish) bool {
	if p.Source != t.src.KnownHash() {
		return false
	}
	if p.Fingerprint == t.Version.Outputs[w.Output].Settings { // whatever the other outputs were, and the pipeline's name
		return strings.TrimLeft(p.Part, "0123456789") == t.partOfAny(w)
	}
	known := p.Fingerprint == t.pipeline.settings || p.Fingerprint == t.pipeline.mixed // of earlier releases
	return known && p.Pipeline == t.pipeline.name && p.Part == t.part(w)
}

// isOwn reports whether a file with that digest says itself that Burnish made it
// of this photo and that nobody changed it since, or is a copy of the photo,
// where that counts.
func (t *task) isOwn(path, hash string) bool {
	if !t.engine.recognize || t.history.Remembers() {
		return false
	}
	if hash == t.src.KnownHash() {
		return true
	}
	format, err := vips.Sniff(path)
	if err != nil || format == "" {
		return false
	}
	p, ok := metadata.ReadProvenance(path, format)
	if !ok || p.Source != t.src.KnownHash() {
		return false
	}
	intact, err := p.Intact(path, format)
	return intact && err == nil
}
