package plugin

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/output"
)

// claim takes the names of the outputs: none of them is a source or belongs to
// another photo.
func (w *work) claim(src *ops.Source) error {
	names, err := w.outputNames(src)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := w.mayWrite(name); err != nil {
			return err
		}
	}
	return w.own(names)
}

// outputNames are the outputs' absolute names, in their order.
func (w *work) outputNames(src *ops.Source) (names []string, err error) {
	facts, err := w.facts(src.Taken)
	if err != nil {
		return nil, err
	}
	w.encoders = nil
	for i := range w.pipeline.outputs {
		o := &w.pipeline.outputs[i]
		encoder := o.Encoder(src.Format)
		w.encoders = append(w.encoders, encoder)
		rel, err := o.Name(facts, encoder)
		if err != nil {
			return nil, w.fail(Conflict, err, "change the output's path")
		}
		name := filepath.Join(w.output, rel)
		if slices.Contains(names, name) {
			return nil, w.fail(Conflict, fmt.Errorf("two outputs have the same path %s", name), "give each output of the pipeline a path of its own")
		}
		names = append(names, name)
	}
	return names, nil
}

// order is what output t is to be, after what the operators have noted.
func (w *work) order(t int, notes map[string]string) output.Order {
	return output.Order{
		Config: &w.pipeline.outputs[t], Encoder: w.encoders[t], Path: w.names[t],
		Provenance: output.Provenance{
			Source: w.hash, Pipeline: w.pipeline.name, Fingerprint: w.pipeline.work,
			Model: notes["model"], ModelDigest: notes["model_digest"], Device: notes["device"], Version: w.engine.version,
		},
	}
}

// mayWrite refuses to write over a source.
func (w *work) mayWrite(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return nil // not there, or the writing itself will say what is wrong
	}
	if info.IsDir() {
		return w.fail(Conflict, fmt.Errorf("the output %s is a folder", name), "rename the folder or change the output's path")
	}
	if os.SameFile(info, w.info) {
		return w.fail(Conflict, fmt.Errorf("the output %s would replace the original", name), "choose another output folder or path")
	}
	if w.engine.sources[name] {
		return w.fail(Conflict, fmt.Errorf("the output %s would replace another original", name), "choose another output folder or path")
	}
	return nil
}

// own takes the names for this work, unless another photo that still exists
// has them.
func (w *work) own(names []string) error {
	e := w.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, name := range names {
		if other := e.claims[name]; other != nil && other != w {
			return w.taken(name, other.source)
		}
		owner, err := e.ownerOf(name)
		if err != nil {
			return err
		}
		if owner == "" || owner == w.source {
			continue
		}
		if _, err := os.Lstat(owner); !errors.Is(err, os.ErrNotExist) {
			return w.taken(name, owner)
		}
		if put, err := e.wasPutAway(name); put || err != nil {
			return errors.Join(err, w.taken(name, owner))
		}
	}
	for _, name := range names {
		e.claims[name] = w
	}
	w.names = names
	return nil
}

func (w *work) taken(name, owner string) error {
	return w.fail(Conflict, fmt.Errorf("the output %s already belongs to %s", name, owner), "add {ext} or {hash} to the output's path so that the two differ")
}

// written is an output that an engine without a ledger remembers.
type written struct{ source, hash string }

// ownerOf is the source that an output was made from, "" where Burnish does
// not know of it. e.mu is held.
func (e *Engine) ownerOf(name string) (string, error) {
	if e.ledger == nil {
		return e.written[name].source, nil
	}
	source, _, err := e.ledger.Owner(name)
	return source, err
}

// mayReplace refuses to write over a file that Burnish did not make, or that
// was changed since, unless it is the very same.
func (w *work) mayReplace(s *output.Staged) error {
	there, err := digest(s.Path)
	if errors.Is(err, os.ErrNotExist) || err == nil && (there == s.Hash || w.job.Overwrite) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("output %s: %w", s.Path, err)
	}
	ours, err := w.engine.wrote(s.Path, there)
	if ours || err != nil {
		return err
	}
	return w.fail(Conflict, fmt.Errorf("the output %s exists and is not as Burnish made it", s.Path), "move it away, or choose another output folder or path")
}

// wrote reports whether the file of that name and content is an output.
func (e *Engine) wrote(name, hash string) (bool, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ledger == nil {
		return e.written[name].hash == hash, nil
	}
	owner, err := e.ownerOf(name)
	if owner == "" || err != nil {
		return false, err
	}
	return e.ledger.Wrote(name, hash)
}

// publish gives all outputs their names, or none, and lets the ledger know:
// before, so that they are known as Burnish's own whatever happens, and after.
func (w *work) publish(staged []*output.Staged, result Result) (Result, error) {
	for _, s := range staged {
		if err := w.mayReplace(s); err != nil {
			return Result{Notes: result.Notes}, err
		}
	}
	for i, s := range staged {
		result.Outputs = append(result.Outputs, Output{Path: s.Path, Format: w.encoders[i].Format, Size: s.Size, Hash: s.Hash})
	}
	if err := w.recordIntent(result); err != nil {
		return Result{Notes: result.Notes}, err
	}
	if err := rename(staged); err != nil {
		return Result{Notes: result.Notes}, err
	}
	return result, w.recordDone(result)
}

// rename publishes all; where one fails, those before it that replaced nothing
// are taken back.
func rename(staged []*output.Staged) error {
	var fresh []string
	for _, s := range staged {
		_, err := os.Lstat(s.Path)
		isNew := errors.Is(err, os.ErrNotExist)
		if err := s.Publish(); err != nil {
			for _, name := range fresh {
				os.Remove(name)
			}
			return fmt.Errorf("output %s: %w", s.Path, err)
		}
		if isNew {
			fresh = append(fresh, s.Path)
		}
	}
	return nil
}
