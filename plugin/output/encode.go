package output

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"path/filepath"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/colour"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/check"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
	"github.com/burnish-photo/burnish/plugin/output/staging"
)

// Request is one output of one photo.
type Request struct {
	Config     *Config
	Encoder    Encoder
	TempPrefix staging.TempPrefix
	Root       string // folder that the path lies below; "": its own
	Path       string // absolute
	Provenance metadata.Provenance
	Transient  bool // it is handed on at once, and need not be on the disk

	pages int // that are joined in the image; 0: it is one
}

func (r Request) root() string { return cmp.Or(r.Root, filepath.Dir(r.Path)) }

// Stage encodes img under a temporary name beside the request's path, with the
// metadata that it is to have, reads it back in full, compares metadata and
// colours with what they should be, and syncs it. A photo that nothing was done
// to, in the format that it came in, is copied byte for byte. The caller
// publishes or discards the result.
func Stage(ctx context.Context, img ops.Image, r Request) (_ *staging.File, err error) {
	switch {
	case r.copies(img):
		return r.stageSource(img)
	case r.Config.Tiles():
		r.noteAppendix(ctx, img)
		return r.stageTiles(ctx, img)
	}
	r.noteAppendix(ctx, img)
	s, err := r.TempPrefix.New(r.root(), r.Path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.Discard()
		}
	}()
	r.Provenance.IntegrityDigest = metadata.DigestPlaceholder()
	w, err := r.encodeJob(ctx, img)
	if err != nil {
		return nil, err
	}
	defer w.close()
	encoded, err := r.encoderFile(w.pixels.Size())
	if err != nil {
		return nil, err
	}
	defer encoded.discard()
	if err := w.encode(ctx, encoded.path); err != nil {
		return nil, err
	}
	if err := w.addGainMap(ctx, img); err != nil {
		return nil, err
	}
	if err := container.Write(encoded.path, s.Temporary(), r.Encoder.Format, w.metadata); err != nil {
		return nil, err
	}
	encoded.discard()
	if err := w.verify(ctx, s.Temporary()); err != nil {
		return nil, fmt.Errorf("the %s that was written is not as it should be: %w", r.Encoder.Format, err)
	}
	if len(w.metadata.XMP) > 0 && r.Config.Provenance {
		if err := container.WriteIntegrityDigest(s.Temporary(), r.Encoder.Format, r.Provenance.IntegrityDigest); err != nil {
			return nil, err
		}
	}
	if r.Transient {
		return s, s.Digest()
	}
	return s, s.SyncAndDigest()
}

// note tells of this output.
func (r Request) note(ctx context.Context, notes map[string]string) {
	for what, text := range notes {
		ops.Note(ctx, what+":"+filepath.Base(r.Path), text)
	}
}

// noteAppendix tells of what the photo's file holds beside the photo, which is
// dropped, and has the provenance say so.
func (r *Request) noteAppendix(ctx context.Context, img ops.Image) {
	notes, dropped := metadata.Appendix(img)
	r.note(ctx, notes)
	r.Provenance.Dropped = dropped
}

// copies reports whether the photo's file is the output: nothing was done to its
// pixels, and the output asks for nothing that the file may not have.
func (r Request) copies(img ops.Image) bool {
	format := img.Source.Format
	if format == "heif" {
		format = "heic"
	}
	return img.Original && format == r.Encoder.Format && img.Source.Orientation == 1 && !r.asks(img)
}

// asks reports whether the output was told to be other than the photo's file: by
// options of its encoder, classes of metadata, a provenance, or to be without the
// gain map that the photo has. Defaults ask for nothing.
func (r Request) asks(img ops.Image) bool {
	c := r.Config
	return !c.policy.KeepsAll() || len(r.Encoder.Options) > 0 || c.provenanceAsked && c.Provenance ||
		c.gainMapAsked && c.GainMap == DropGainMap && metadata.HasFurtherPictures(img)
}

// encodeJob is an output under way.
type encodeJob struct {
	request   Request
	pixels    *vips.Image      // as they are encoded
	given     *vips.Image      // as they came
	reference *check.Reference // of what was given; it is taken of single images alone
	metadata  container.Metadata
}

func (r Request) encodeJob(ctx context.Context, img ops.Image) (_ *encodeJob, err error) {
	w := &encodeJob{request: r}
	defer func() {
		if err != nil {
			w.close()
		}
	}()
	var converted string
	if w.given, converted, err = colour.Display(img.Pixels); err != nil {
		return nil, err
	}
	if converted != "" {
		ops.Note(ctx, "numbers:"+filepath.Base(r.Path), converted)
	}
	w.reference = check.NewReference(w.given, r.Encoder.Format)
	streamed := w.given.Ref()
	if r.pages == 0 {
		streamed.Close()
		if streamed, err = w.reference.Tee(); err != nil {
			return nil, err
		}
	}
	defer streamed.Close()
	bare, err := stripMetadata(streamed)
	if err != nil {
		return nil, err
	}
	defer bare.Close()
	if w.pixels, err = prepare(bare, r.Encoder, r.Config.policy.Allows("icc")); err != nil {
		return nil, err
	}
	var notes map[string]string
	w.metadata, notes = w.target().Compose(img)
	r.note(ctx, notes)
	return w, w.setDensity(img)
}

// target is what its metadata are for.
func (w *encodeJob) target() metadata.Target {
	t := metadata.Target{Format: w.request.Encoder.Format, Width: w.pixels.Width(), Height: w.height(), Policy: w.request.Config.policy}
	if w.request.Config.Provenance {
		t.Provenance = &w.request.Provenance
	}
	return t
}

// height of one page.
func (w *encodeJob) height() int { return w.pixels.Height() / max(1, w.request.pages) }

func (w *encodeJob) close() {
	for _, p := range []*vips.Image{w.given, w.pixels} {
		if p != nil {
			p.Close()
		}
	}
}

func (w *encodeJob) encode(ctx context.Context, path string) error {
	saver, args := w.request.Encoder.saver()
	w.request.Encoder.limitMemory(args, w.pixels.Width(), w.pixels.Height())
	if _, asked := args["resunit"]; saver == "tiffsave" && !asked {
		args["resunit"] = "inch"
	}
	pixels := w.pixels.Ref()
	defer func() { pixels.Close() }()
	if saver == "heifsave" { // it makes room for the blocks, which come later
		packet := w.metadata.XMP // its room stays in the file, and only one place may hold the digest
		if digest := w.request.Provenance.IntegrityDigest; digest != "" {
			packet = bytes.ReplaceAll(packet, []byte(digest), bytes.Repeat([]byte("0"), len(digest)))
		}
		for field, data := range map[string][]byte{vips.FieldEXIF: w.metadata.EXIF, vips.FieldXMP: packet} {
			next, err := pixels.WithBlob(field, data)
			if err != nil {
				return err
			}
			pixels.Close()
			pixels = next
		}
	}
	return pixels.SaveContext(ctx, saver, path, args)
}

// stageSource stages a copy of the source, which has to decode.
func (r Request) stageSource(img ops.Image) (*staging.File, error) {
	s, err := r.TempPrefix.Copy(img.Source.Content(), r.root(), r.Path)
	if err != nil {
		return nil, err
	}
	if err := check.File(s.Temporary(), img.Source.Width, img.Source.Height); err != nil {
		s.Discard()
		return nil, err
	}
	return s, nil
}
