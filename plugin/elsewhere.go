package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/handle"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/naming"
	"github.com/burnish-photo/burnish/plugin/output"
	"github.com/burnish-photo/burnish/plugin/output/check"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// Handed is a photo for another engine to work on, which has the same pipeline.
type Handed struct {
	File    string // a copy of the photo, in Job.HandOver
	Content string // its SHA-256, hexadecimal
	Size    int64  // bytes
	Build   string // fingerprint of all that decides the pipeline's files: as of [BuildOf]
	Only    []int  // places of the outputs that are wanted; nil: all are
	Memory  int64  // bytes that the work is predicted to need
}

// Made is what another engine came to with a [Handed] photo.
type Made struct {
	Content string // as of Handed
	Build   string // as of Handed, by the engine that did the work
	Outputs []Output
	Notes   map[string]string
	Failure *MadeFailure // instead of outputs
}

// MadeFailure is how another engine failed.
type MadeFailure struct {
	Kind   Kind
	Reason string
	Hint   string
}

// BuildOf is the fingerprint of all that decides a pipeline's files, as of
// [Handed]; "" where there is no such pipeline.
func BuildOf(e *Engine, pipeline string) string {
	if p := e.pipelines[pipeline]; p != nil {
		return p.mixed
	}
	return ""
}

// handOver copies a photo that there is work on for another engine.
func handOver(t *task) (Result, error) {
	header, err := t.src.Header()
	if err != nil {
		return Result{}, err
	}
	t.header = &header
	if _, reason := t.pipeline.pagesOf(header); reason != "" {
		return Result{State: Skipped, Reason: reason}, nil
	}
	if reason := keepsHere(t); reason != "" {
		return Result{State: HandedOver, Reason: reason}, nil
	}
	h := Handed{Build: t.pipeline.mixed, File: filepath.Join(t.job.HandOver, "photo"), Memory: t.pipeline.demand(header.Width, header.Height, header.PixelBytes).EstimateMemory()}
	if h.Content, err = t.src.Hash(); err != nil {
		return Result{}, err
	}
	for i := range t.pipeline.outputs {
		if t.open(i) {
			h.Only = append(h.Only, i)
		}
	}
	if h.Size, err = copyFile(h.File, t.src.Content()); err != nil {
		return Result{}, err
	}
	return Result{State: HandedOver, Handed: &h}, t.src.Unchanged()
}

// keepsHere is why no other engine can do a task; "" where one can.
func keepsHere(t *task) string {
	switch {
	case t.strength != nil:
		return "a reviewer has chosen the strength of its networks"
	case t.pipeline.graph.DependsOnPath():
		return "the pipeline depends on where photos lie"
	case slices.ContainsFunc(t.pipeline.outputs, output.Config.Tiles):
		return "an output is a folder of tiles"
	case len(t.job.Allow) > 0:
		return "its folder allows further formats"
	}
	return ""
}

func copyFile(to, from string) (n int64, err error) {
	in, err := handle.Open(from)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	n, err = io.Copy(out, in)
	return n, errors.Join(err, out.Close())
}

// errStale is of outputs that were made of another content, or by another
// pipeline.
var errStale = errors.New("what was made elsewhere is not of this photo as it is now")

// receive is render with what another engine has made, which is trusted in
// nothing: every file is read back in full. The caller closes the rendering.
func (e *Engine) receive(ctx context.Context, t *task) (_ *rendering, reason string, err error) {
	m := t.job.Made
	header, err := t.src.Header()
	if err != nil {
		return nil, "", err
	}
	hash, err := t.src.Hash()
	if err != nil {
		return nil, "", err
	}
	if hash != m.Content || m.Build != t.pipeline.mixed {
		return nil, "", t.request.Fail(Changed, errStale, "it is tried again")
	}
	if m.Failure != nil {
		return nil, "", t.request.Fail(m.Failure.Kind, errors.New(m.Failure.Reason), m.Failure.Hint)
	}
	t.header, t.sizes = &header, map[int][2]int{}
	pages, reason := t.pipeline.pagesOf(header)
	if reason != "" {
		return nil, reason, nil
	}
	r := &rendering{task: t, admit: func() {}}
	r.context = ops.WithRecorder(ops.WithNotes(ctx, &r.notes), &t.stats)
	t.stats.Source(int64(header.Width)*int64(header.Height), t.src.File.Info.Size())
	if err := r.take(m, pages); err != nil {
		r.close()
		return r, "", err
	}
	return r, "", nil
}

// take claims the outputs' names and stages what was made.
func (r *rendering) take(m *Made, pages int) error {
	img, err := r.src.Decode(r.context, 0)
	if err != nil {
		return err
	}
	defer img.Close()
	defer r.noteNotWritten()
	describe(r.task, img)
	if err := r.choose(img); err != nil {
		return inStep(err)
	}
	if err := r.claim(img.Source, pages); err != nil || r.names.Idle() {
		return err
	}
	r.staged = make([]*staging.File, len(r.names.Targets))
	for i, target := range r.names.Targets {
		if target.Name == "" || slices.ContainsFunc(r.names.Targets[i+1:], func(o naming.Target) bool { return o.Name == target.Name }) {
			continue // several pages come with the last
		}
		if err := r.takeOne(m, i, target); err != nil {
			return r.request.Fail(StepFailed, fmt.Errorf("output %s, made elsewhere: %w", target.Name, err), "")
		}
	}
	for key, text := range m.Notes {
		ops.Note(r.context, r.renamed(m, key), text)
	}
	return nil
}

// takeOne stages the file of a target.
func (r *rendering) takeOne(m *Made, at int, target naming.Target) (err error) {
	i := slices.IndexFunc(m.Outputs, func(o Output) bool { return o.Index == target.Output && o.Page == target.Page })
	if i < 0 {
		return errors.New("it was not made")
	}
	made, root, path := m.Outputs[i], r.Folder, target.Name
	if r.lot != nil {
		root, path = r.lot.Root(), r.lot.Path(r.place(target), target.Name)
	}
	s, err := r.engine.tempPrefix.Copy(made.Path, root, path)
	if err != nil {
		return err
	}
	r.staged[at], r.sizes[at] = s, [2]int{made.Width, made.Height}
	if s.Hash != made.Hash || s.Size != made.Size {
		return fmt.Errorf("it has %d bytes of the digest %.12s, and was said to have %d of %.12s", s.Size, s.Hash, made.Size, made.Hash)
	}
	return r.verifyMade(s.Temporary(), target, made)
}

// verifyMade reads a file in full: it has to be of the target's format and size,
// upright, and to say itself, where outputs do, that it is this output of this
// content, to the byte as it was written.
func (r *rendering) verifyMade(file string, target naming.Target, made Output) error {
	encoder := r.encoder(target)
	format, err := vips.Sniff(file)
	if err != nil {
		return err
	}
	if want := sniffed(encoder.Format); format != want {
		return fmt.Errorf("it is %q, not %s", format, want)
	}
	written, err := vips.Open(file, vips.Sequential)
	if err != nil {
		return err
	}
	orientation, height := written.Orientation(), written.Height()
	written.Close()
	if orientation != 1 {
		return fmt.Errorf("its orientation is %d, not 1", orientation)
	}
	if err := check.File(file, made.Width, height); err != nil {
		return err
	}
	if made.Height <= 0 || height%made.Height != 0 {
		return fmt.Errorf("it is %d pixels high, not %d", height, made.Height)
	}
	if made.Hash == r.src.KnownHash() || !r.pipeline.outputs[target.Output].Provenance {
		return nil
	}
	p, ok := metadata.ReadProvenance(file, target.Format)
	if !ok {
		return nil // the format holds none
	}
	if !r.made(p, target.Wish) {
		return errors.New("it says that it is made of another photo, or by another pipeline")
	}
	if intact, err := p.Intact(file, target.Format); !intact || err != nil {
		return errors.Join(errors.New("it is not as it was written"), err)
	}
	return nil
}

// sniffed is the format that a file of an output's format is found to be.
func sniffed(format string) string {
	if format == "heic" {
		return "heif"
	}
	return format
}

// renamed is a note's key with the name of the output here.
func (r *rendering) renamed(m *Made, key string) string {
	kind, name, ok := strings.Cut(key, ":")
	if !ok {
		return key
	}
	for _, o := range m.Outputs {
		if filepath.Base(o.Path) != name {
			continue
		}
		for _, t := range r.names.Targets {
			if t.Output == o.Index && t.Page == o.Page && t.Name != "" {
				return kind + ":" + filepath.Base(t.Name)
			}
		}
	}
	return key
}
