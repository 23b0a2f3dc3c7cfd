package plugin

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/graph"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/naming"
	"github.com/burnish-photo/burnish/plugin/output"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
	"github.com/burnish-photo/burnish/plugin/review"
	"github.com/burnish-photo/burnish/plugin/source"
)

// task is one job under way. It belongs to one goroutine.
type task struct {
	history.Task
	selection
	engine  *Engine
	job     Job
	request source.Request

	src      *source.Photo // once it was inspected
	history  *history.Case // then
	lot      *review.Lot   // where the outputs go that wait for review; nil: they are published
	strength *float64      // of networks, where a reviewer chose one
	names    *naming.Names // of the outputs, once they are claimed
	stats    ops.Recorder
	header   *vips.Header     // of the photo, once it is to be decoded
	sizes    map[int][2]int   // of the outputs in pixels, by target
	letGo    func()           // of the pipeline, which may be called again
	altered  []history.Output // files that its outputs may replace, being kept
	tried    bool             // it is part of a trial: what its outputs replace is kept
}

// selection is which outputs of a pipeline are to be made of a photo.
type selection struct {
	pipeline  *pipeline
	choice    graph.Choice // which are wanted, once its pixels were looked at
	inherited []int        // those that an equal photo, or this one before, did not want
	kept      history.Kept // those that stay as they are
	only      []int        // those that are asked for; nil: all are
}

func (t *task) turn() turn { return turn{t.request.Path, t.Key()} }

// close gives back what the task has opened, the names of its outputs and its
// pipeline. It may be called more than once.
func (t *task) close() {
	t.release()
	if t.src != nil {
		t.src.Close()
	}
	t.letGo()
}

// describe lets the records know what the photo's file tells of it.
func describe(t *task, img ops.Image) {
	src := img.Source
	maker, _ := img.Pixels.EXIF("Make")
	model, _ := img.Pixels.EXIF("Model")
	t.history.Photo = &history.Photo{
		Format: src.Format, Width: src.Width, Height: src.Height, Orientation: src.Orientation,
		Camera: history.CameraName(maker, model), Taken: src.Taken,
	}
	if src.Format != "jpeg" {
		return
	}
	if info, err := t.src.File.JPEG(); err == nil && info.Quality > 0 {
		t.stats.Damaged(1 - float64(info.Quality)/100)
	}
}

// described is what the photo's header says, nil where nobody has asked.
func (t *task) described() *Source {
	h := t.header
	if h == nil {
		return nil
	}
	return &Source{
		Format: h.Format, Width: h.Width, Height: h.Height, Space: h.Interpretation, Bands: h.Bands,
		Alpha: h.Alpha, Profile: h.ICC, Orientation: h.Orientation, Pages: h.Pages,
	}
}

func (t *task) release() {
	if t.names != nil {
		t.names.Release()
		t.names = nil
	}
}

// copies reports whether outputs of one photo may be copied for an equal one.
func (p *pipeline) copies() bool {
	return !p.graph.DependsOnPath() && p.pages != AllPages && !slices.ContainsFunc(p.outputs, output.Config.Tiles)
}

// pagesOf is how many pages of a photo the pipeline takes, and why none.
func (p *pipeline) pagesOf(h vips.Header) (int, string) {
	switch {
	case h.Pages > 1 && p.pages == SkipPages:
		return 0, fmt.Sprintf("it has %d pages, which the pipeline passes over", h.Pages)
	case p.pages == AllPages:
		return h.Pages, ""
	}
	return 1, ""
}

// claim names the outputs for the photo's pages and takes their names.
func (t *task) claim(src *ops.Source, pages int) error {
	wishes, err := t.wishes(src, pages)
	if err != nil {
		return err
	}
	t.names, err = t.engine.claims.Claim(t.owner(), wishes)
	return err
}

// owner is the photo as the one that its outputs belong to.
func (t *task) owner() naming.Photo {
	var kept []string
	for _, o := range t.kept.Outputs {
		kept = append(kept, o.Path)
	}
	return naming.Photo{
		Path: t.request.Path, Info: t.src.File.Info, Owners: t.history.Owners(), IsOwn: t.isOwn, Fail: t.request.Fail,
		Kept: kept, Overwrite: t.job.Overwrite, Absent: t.job.Absent,
	}
}

// wishes are the files that the photo's pages are to become, page by page.
func (t *task) wishes(src *ops.Source, pages int) (wishes []naming.Wish, err error) {
	facts, err := t.facts(src.Taken)
	if err != nil {
		return nil, err
	}
	facts.Pages = pages
	for page := range pages {
		facts.Page = page + 1
		for i := range t.pipeline.outputs {
			w := naming.Wish{Output: i, Page: page}
			if t.open(i) {
				if w, err = t.wish(i, page, facts, src.Format); err != nil {
					return nil, err
				}
			}
			wishes = append(wishes, w)
		}
	}
	return wishes, nil
}

func (t *task) wish(i, page int, facts naming.Facts, format string) (naming.Wish, error) {
	o := &t.pipeline.outputs[i]
	encoder := o.Encoder(format)
	rel, err := o.Name(facts, encoder)
	if err != nil {
		return naming.Wish{}, t.request.Fail(Conflict, err, "change the output's path")
	}
	for _, name := range strings.Split(rel, string(filepath.Separator)) {
		if len(name) > maxName {
			return naming.Wish{}, nameTooLong(t.request, fmt.Errorf("the output's name %.40q… has %d bytes: %w", name, len(name), syscall.ENAMETOOLONG))
		}
	}
	path := filepath.Join(t.Folder, rel)
	return naming.Wish{Output: i, Page: page, Path: path, Format: encoder.Format, Collision: o.Collision, Joins: encoder.Joins(), Folder: encoder.Folder(path)}, nil
}

// encoder is that of a target.
func (t *task) encoder(target naming.Target) output.Encoder {
	return t.pipeline.outputs[target.Output].Encoder(t.src.Format())
}

// outputRequest is what a target is to be, after what the operators have noted.
func (t *task) outputRequest(target naming.Target, notes map[string]string) output.Request {
	root, path := t.Folder, target.Name
	if t.lot != nil {
		root, path = t.lot.Root(), t.lot.Path(t.place(target), target.Name)
	}
	return output.Request{
		Config: &t.pipeline.outputs[target.Output], Encoder: t.encoder(target), TempPrefix: t.engine.tempPrefix, Root: root, Path: path, Transient: t.job.Inline != "",
		Provenance: metadata.Provenance{
			Source: t.src.KnownHash(), Pipeline: t.pipeline.name, Fingerprint: t.Version.Outputs[target.Output].Settings,
			Model: notes["model"], ModelDigest: notes["model_digest"], Device: notes["device"], Version: t.engine.version,
			Evidence: cmp.Or(notes["evidence"], notes["left_alone"]),
			Fidelity: heldAgainstSource(notes["fidelity"]),
			Part:     t.part(target.Wish),
		},
	}
}

// place is a target's index among those of all pages.
func (t *task) place(target naming.Target) int {
	return target.Page*len(t.pipeline.outputs) + target.Output
}

// writesTo is the folder that files are written to.
func (t *task) writesTo() string {
	if t.lot != nil {
		return t.engine.config.StateDir
	}
	return t.Folder
}

// heldAgainstSource is what provenance says of the note on fidelity, whose figures are not known
// before the pixels are: how the photo was held against its JPEG, if it was.
func heldAgainstSource(note string) string {
	if mode, _, _ := strings.Cut(note, ":"); mode == "strict" || mode == "auto" {
		return mode
	}
	return ""
}

// part tells a file from the photo's others and, where the photo's place decides
// what it becomes, from those of equal photos elsewhere.
func (t *task) part(w naming.Wish) string { return fmt.Sprint(w.Output+1) + t.partOfAny(w) }

// partOfAny is the part without the output's place among the others.
func (t *task) partOfAny(w naming.Wish) (text string) {
	if w.Page > 0 && !w.Joins {
		text += fmt.Sprintf(" of page %d", w.Page+1)
	}
	if t.pipeline.graph.DependsOnPath() {
		rel, _ := filepath.Rel(t.request.Root, t.request.Path) // as facts found it
		place := sha256.Sum256(fmt.Appendf(nil, "%q %d", rel, t.src.File.Info.ModTime().Unix()))
		text += fmt.Sprintf(" at %x", place[:6])
	}
	return text
}

// unwanted is an output whose condition a photo does not meet.
type unwanted struct {
	index     int    // among the pipeline's outputs
	name, why string // its path, as the pipeline has it
}

// unwanted are the outputs that were found not to be wanted of the photo.
func (s *selection) unwanted() (all []unwanted) {
	for i := range s.pipeline.outputs {
		if why, out := s.choice.LeftOut(i); out {
			all = append(all, unwanted{i, s.pipeline.outputs[i].Path.String(), why})
		}
	}
	return all
}

// leaves reports whether an output is not wanted of the photo, as far as its
// pixels or an equal photo have told.
func (s *selection) leaves(i int) bool {
	_, out := s.choice.LeftOut(i)
	return out || slices.Contains(s.inherited, i)
}

// keep lets outputs stay as they are.
func (s *selection) keep(k history.Kept) { s.kept, s.inherited = k, k.LeftOut }

// choose decides which outputs are wanted of a photo, as far as that can be told
// before it is processed.
func (s *selection) choose(img ops.Image) (err error) {
	s.choice, err = s.pipeline.graph.Choose(img)
	for i := range s.pipeline.outputs {
		if s.kept.Has(i) || !s.asked(i) {
			s.choice.Omit(i)
		}
	}
	return err
}

// leftOut are all such outputs.
func (s *selection) leftOut() (all []int) {
	for i := range s.pipeline.outputs {
		if s.leaves(i) {
			all = append(all, i)
		}
	}
	return all
}

// settled reports whether every output is kept or not wanted.
func (s *selection) settled() bool {
	for i := range s.pipeline.outputs {
		if s.open(i) {
			return false
		}
	}
	return true
}

// notWritten lists them for people.
func (s *selection) notWritten() string {
	var all []string
	for _, out := range s.unwanted() {
		all = append(all, out.name+": "+out.why)
	}
	return strings.Join(all, "; ")
}

// wantsNothing is why no output at all is wanted of the photo, "" where one is.
func (s *selection) wantsNothing() string {
	for i := range s.pipeline.outputs {
		if s.asked(i) && !s.leaves(i) {
			return ""
		}
	}
	return "no output is wanted of it: " + s.notWritten()
}

// asked reports whether an output is asked for.
func (s *selection) asked(i int) bool { return len(s.only) == 0 || slices.Contains(s.only, i) }

// open reports whether an output is asked for, and neither kept nor found to be
// unwanted.
func (s *selection) open(i int) bool { return s.asked(i) && !s.leaves(i) && !s.kept.Has(i) }
