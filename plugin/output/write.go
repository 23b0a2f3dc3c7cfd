package output

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/colour"
	"github.com/burnish-photo/burnish/ops/handle"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/output/metadata/container"
)

// Order is one output of one photo.
type Order struct {
	Config     *Config
	Encoder    Encoder
	Root       string // folder that the path lies below; "": its own
	Path       string // absolute
	Provenance Provenance

	pages int // that are joined in the image; 0: it is one
}

func (o Order) root() string { return cmp.Or(o.Root, filepath.Dir(o.Path)) }

// Stage encodes img under a temporary name beside the order's path, with the
// metadata that it is to have, reads it back in full, compares metadata and
// colours with what they should be, and syncs it. A photo that nothing was done
// to, in the format that it came in, is copied byte for byte. The caller
// publishes or discards the result.
func (o Owner) Stage(ctx context.Context, img ops.Image, order Order) (_ *Staged, err error) {
	switch {
	case order.copies(img):
		return o.stageSource(img, order)
	case order.Config.Tiles():
		order.dropAppendix(ctx, img)
		return o.stageTiles(ctx, img, order)
	}
	order.dropAppendix(ctx, img)
	s, err := o.reserve(order.root(), order.Path)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.Discard()
		}
	}()
	order.Provenance.Seal = placeholder()
	w, err := order.writing(ctx, img)
	if err != nil {
		return nil, err
	}
	defer w.close()
	encoded, err := o.draft(order.root(), order.Path, w.pixels.Size())
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
	if err := container.Write(encoded.path, s.temporary, order.Encoder.Format, w.metadata); err != nil {
		return nil, err
	}
	encoded.discard()
	if err := w.verify(ctx, s.temporary); err != nil {
		return nil, fmt.Errorf("the %s that was written is not as it should be: %w", order.Encoder.Format, err)
	}
	if len(w.metadata.XMP) > 0 && order.Config.Provenance {
		if err := container.Seal(s.temporary, order.Encoder.Format, order.Provenance.Seal); err != nil {
			return nil, err
		}
	}
	return s, s.seal()
}

// copies reports whether the photo's file is the output: nothing was done to its
// pixels, and the output asks for nothing that the file may not have.
func (o Order) copies(img ops.Image) bool {
	format := img.Source.Format
	if format == "heif" {
		format = "heic"
	}
	return img.Original && format == o.Encoder.Format && img.Source.Orientation == 1 && !o.asks(img)
}

// asks reports whether the output was told to be other than the photo's file: by
// options of its encoder, classes of metadata, a provenance, or to be without the
// gain map that the photo has. Defaults ask for nothing.
func (o Order) asks(img ops.Image) bool {
	c := o.Config
	return !c.policy.whole() || len(o.Encoder.Options) > 0 || c.provenanceAsked && c.Provenance ||
		c.gainMapAsked && c.GainMap == DropGainMap && hasFurtherPictures(img)
}

// writing is an output under way.
type writing struct {
	order    Order
	pixels   *vips.Image // as they are encoded
	given    *vips.Image // as they came
	blocks   bool        // the low-pass of the file is that of its blocks
	grid     grid        // of the pixels' low-pass
	sample   *sampler    // nil where none is taken
	metadata container.Metadata
}

func (o Order) writing(ctx context.Context, img ops.Image) (_ *writing, err error) {
	w := &writing{order: o}
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
		ops.Note(ctx, "numbers:"+filepath.Base(o.Path), converted)
	}
	w.blocks = o.Encoder.Format == "jpeg" && min(w.given.Width(), w.given.Height()) >= manyBlocks
	w.grid = newGrid(w.given.Width(), w.given.Height(), w.blocks)
	streamed := w.given.Ref()
	if o.pages == 0 {
		streamed.Close()
		if streamed, w.sample, err = tee(w.given, w.grid); err != nil {
			return nil, err
		}
	}
	defer streamed.Close()
	bared, err := bare(streamed)
	if err != nil {
		return nil, err
	}
	defer bared.Close()
	if w.pixels, err = prepare(bared, o.Encoder, o.Config.policy.allows("icc")); err != nil {
		return nil, err
	}
	w.metadata = o.compose(ctx, img, w.pixels.Width(), w.height())
	return w, w.setDensity(img)
}

// height of one page.
func (w *writing) height() int { return w.pixels.Height() / max(1, w.order.pages) }

func (w *writing) close() {
	for _, p := range []*vips.Image{w.given, w.pixels} {
		if p != nil {
			p.Close()
		}
	}
}

func (w *writing) encode(ctx context.Context, path string) error {
	saver, args := w.order.Encoder.saver()
	w.order.Encoder.spare(args, w.pixels.Width(), w.pixels.Height())
	if _, asked := args["resunit"]; saver == "tiffsave" && !asked {
		args["resunit"] = "inch"
	}
	pixels := w.pixels.Ref()
	defer func() { pixels.Close() }()
	if saver == "heifsave" { // it makes room for the blocks, which come later
		packet := w.metadata.XMP // its room stays in the file, and only one place may be sealed
		if seal := w.order.Provenance.Seal; seal != "" {
			packet = bytes.ReplaceAll(packet, []byte(seal), bytes.Repeat([]byte("0"), len(seal)))
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

// stageSource stages a copy of the source, which has to be sound.
func (o Owner) stageSource(img ops.Image, order Order) (*Staged, error) {
	s, err := o.StageCopy(img.Source.Content(), order.root(), order.Path)
	if err != nil {
		return nil, err
	}
	if err := sound(s.temporary, img.Source.Width, img.Source.Height); err != nil {
		s.Discard()
		return nil, err
	}
	return s, nil
}

// StageCopy stages a copy of the file from as path, which lies below root.
func (o Owner) StageCopy(from, root, path string) (*Staged, error) {
	s, err := o.reserve(root, path)
	if err != nil {
		return nil, err
	}
	err = copyFile(from, s.temporary)
	if err == nil {
		err = s.seal()
	}
	if err != nil {
		s.Discard()
		return nil, err
	}
	return s, nil
}

func copyFile(from, to string) error {
	in, err := handle.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
