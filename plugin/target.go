package plugin

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin/naming"
	"github.com/burnish-photo/burnish/plugin/output"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// target is one file that a photo is to become.
type target struct {
	output  int // index among the pipeline's outputs
	page    int // of the photo that it shows, from 0; several with one path are joined
	encoder output.Encoder
	path    string // absolute; "" where the file that is there stays, or none is wanted
	plain   string // the same without a number
}

// claim names the outputs for the photo's pages and takes their names: none of
// them is a source or belongs to another photo.
func (w *work) claim(src *ops.Source, pages int) error {
	for range 1000 {
		again, err := w.tryClaim(src, pages)
		if !again {
			return err
		}
	}
	return w.request.Fail(Conflict, errors.New("no free name was found for an output"), "add {hash} to the output's path")
}

// tryClaim asks to be called again where another photo took a numbered name
// meanwhile.
func (w *work) tryClaim(src *ops.Source, pages int) (again bool, err error) {
	facts, err := w.facts(src.Taken)
	if err != nil {
		return false, err
	}
	facts.Pages = pages
	w.targets = nil
	numbered := false
	for page := range pages {
		for i := range w.pipeline.outputs {
			o := &w.pipeline.outputs[i]
			facts.Page = page + 1
			t := target{output: i, page: page, encoder: o.Encoder(src.Format)}
			if w.leaves(i) {
				w.targets = append(w.targets, t)
				continue
			}
			if t.path, err = w.name(o, facts, &t); err != nil {
				return false, err
			}
			w.targets = append(w.targets, t)
			numbered = numbered || o.Collision == naming.Number
			if o.Collision == naming.Overwrite {
				if err := w.sparesLast(t); err != nil {
					return false, err
				}
			}
		}
	}
	err = w.own()
	var known *Error
	return numbered && errors.As(err, &known) && known.Kind == Conflict, err
}

// name is the path of a target; "" where the file that is there stays.
func (w *work) name(o *output.Config, facts naming.Facts, t *target) (string, error) {
	path, err := w.plainName(o, facts, t.encoder)
	t.plain = path
	if errors.Is(err, syscall.ENAMETOOLONG) {
		return "", w.nameTooLong(err)
	}
	if err != nil {
		return "", w.request.Fail(Conflict, err, "change the output's path")
	}
	if same := slices.IndexFunc(w.targets, func(other target) bool { return other.path == path }); same >= 0 {
		if w.targets[same].output == t.output && t.encoder.Joins() {
			return path, nil
		}
		if o.Collision != naming.Number {
			return "", w.request.Fail(Conflict, fmt.Errorf("two outputs have the same path %s", path), "give each output of the pipeline a path of its own; {page} tells pages apart")
		}
	}
	switch o.Collision {
	case naming.Skip:
		taken, err := w.occupied(path)
		if taken {
			path = ""
		}
		return path, err
	case naming.Number:
		return w.freeName(path)
	}
	return path, w.mayWrite(path, t.encoder.Folder(path))
}

// plainName is the path of an output where nothing is in its way.
func (w *work) plainName(o *output.Config, facts naming.Facts, e output.Encoder) (string, error) {
	rel, err := o.Name(facts, e)
	for _, name := range strings.Split(rel, string(filepath.Separator)) {
		if len(name) > maxName {
			err = fmt.Errorf("the output's name %.40q… has %d bytes: %w", name, len(name), syscall.ENAMETOOLONG)
		}
	}
	return filepath.Join(w.output, rel), err
}

func (w *work) freeName(path string) (string, error) {
	for n := 0; ; n++ {
		candidate := naming.Numbered(path, n)
		if err := w.mayBeThere(candidate); err != nil {
			return "", err
		}
		used := slices.ContainsFunc(w.targets, func(t target) bool { return t.path == candidate })
		taken, err := w.occupied(candidate)
		if err != nil || !taken && !used {
			return candidate, err
		}
	}
}

// occupied reports whether a name is not this photo's to take: a file is there
// that it did not become, or another photo has it.
func (w *work) occupied(path string) (bool, error) {
	e := w.engine
	e.mu.Lock()
	other := e.claims[path]
	owner, mine, err := w.ownerBeside(path)
	e.mu.Unlock()
	if err != nil || other != nil && other != w {
		return true, err
	}
	there, err := staging.Digest(path)
	if errors.Is(err, os.ErrNotExist) {
		return owner != "", nil
	}
	if err == nil && owner == "" && w.isOfThis(path, there) {
		return false, nil
	}
	if err != nil || !mine {
		return true, err
	}
	ours, err := e.wrote(path, there)
	return !ours, err
}

// ownerBeside is the other photo that an output belongs to, "" where it has
// none or that is gone; mine says that it belongs to this one. e.mu is held.
func (w *work) ownerBeside(path string) (owner string, mine bool, err error) {
	owner, err = w.engine.ownerOf(path)
	if owner == "" || owner == w.request.Path || err != nil {
		return "", owner == w.request.Path, err
	}
	if _, err := os.Lstat(owner); !errors.Is(err, os.ErrNotExist) {
		return owner, false, nil
	}
	if put, err := w.engine.isArchived(path); put || err != nil {
		return owner, false, err
	}
	return "", false, nil
}

// own takes the targets' names for this work, unless another photo that still
// exists has them.
func (w *work) own() error {
	e := w.engine
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, t := range w.targets {
		if t.path == "" {
			continue
		}
		if w.pipeline.outputs[t.output].Collision == naming.Overwrite {
			if err := w.protectArchived(t.path); err != nil {
				return err
			}
			continue
		}
		if other := e.claims[t.path]; other != nil && other != w {
			return w.taken(t.path, other.request.Path)
		}
		owner, _, err := w.ownerBeside(t.path)
		if err != nil {
			return err
		}
		if owner != "" {
			return w.taken(t.path, owner)
		}
	}
	for _, t := range w.targets {
		if t.path != "" {
			e.claims[t.path] = w
		}
	}
	return nil
}

// protectArchived refuses to overwrite the outputs of an original that was put
// away: they may be all that is left of it. e.mu is held.
func (w *work) protectArchived(path string) error {
	owner, err := w.engine.ownerOf(path)
	if owner == "" || owner == w.request.Path || err != nil {
		return err
	}
	if put, err := w.engine.isArchived(path); !put || err != nil {
		return err
	}
	return w.taken(path, owner)
}

// sparesLast refuses to overwrite an output that no record tells of, as after
// the loss of a ledger, where it says itself that it is of other content and no
// file of that content is known: it may be all that is left of a photo that was
// put away.
func (w *work) sparesLast(t target) error {
	e := w.engine
	if e.ledger == nil {
		return nil
	}
	if made, _, err := e.ledger.Maker(t.path); made.Record.Path != "" || err != nil {
		return err // own decides
	}
	e.mu.Lock()
	owner, err := e.ownerOf(t.path)
	e.mu.Unlock()
	if owner == w.request.Path || err != nil {
		return err
	}
	p, ok := metadata.ReadProvenance(t.path, t.encoder.Format)
	if !ok || p.Source == w.src.KnownHash() {
		return nil
	}
	if known, err := e.atHand(p.Source); known || err != nil {
		return err
	}
	return w.request.Fail(Protected, fmt.Errorf("the output %s is of another photo (SHA-256 %.16s…) of which no original is known here: it may be all that is left of it", t.path, p.Source),
		"this goes on by itself once that original is seen in a watched folder; else move the output away, or remove it")
}

// atHand reports whether a file that the ledger knows with that content is still
// there as it was.
func (e *Engine) atHand(content string) (bool, error) {
	entries, err := e.ledger.ByContent(content)
	for _, known := range entries {
		for _, path := range []string{known.Path, known.MovedTo} {
			info, err := os.Stat(path)
			if err == nil && info.Size() == known.Stat.Size && info.ModTime().Equal(known.Stat.ModTime) {
				return true, nil
			}
		}
	}
	return false, err
}

// outputNames are the outputs' absolute names where none is taken.
func (w *work) outputNames(src *ops.Source) (names []string, err error) {
	facts, err := w.facts(src.Taken)
	if err != nil {
		return nil, err
	}
	for i := range w.pipeline.outputs {
		o := &w.pipeline.outputs[i]
		name, err := w.plainName(o, facts, o.Encoder(src.Format))
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// idle reports whether every file that the photo would become is there and is
// to stay.
func (w *work) idle() bool {
	return !slices.ContainsFunc(w.targets, func(t target) bool { return t.path != "" })
}

// outputRequest is what a target is to be, after what the operators have noted.
func (w *work) outputRequest(t target, notes map[string]string) output.Request {
	return output.Request{
		Config: &w.pipeline.outputs[t.output], Encoder: t.encoder, TempPrefix: w.engine.tempPrefix, Root: w.output, Path: t.path,
		Provenance: metadata.Provenance{
			Source: w.src.KnownHash(), Pipeline: w.pipeline.name, Fingerprint: w.pipeline.work,
			Model: notes["model"], ModelDigest: notes["model_digest"], Device: notes["device"], Version: w.engine.version,
			Evidence: cmp.Or(notes["evidence"], notes["left_alone"]),
			Fidelity: heldAgainstSource(notes["fidelity"]),
			Part:     w.part(t),
		},
	}
}

// heldAgainstSource is what provenance says of the note on fidelity, whose figures are not known
// before the pixels are: how the photo was held against its JPEG, if it was.
func heldAgainstSource(note string) string {
	if mode, _, _ := strings.Cut(note, ":"); mode == "strict" || mode == "auto" {
		return mode
	}
	return ""
}
