package source

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/failure"
	"github.com/burnish-photo/burnish/plugin/output/metadata"
)

// Photo is one look at a photo's file, which is opened once. What is to be known
// of it is read when it is first asked for, once, through that opening, and the
// first page is decoded from it. It belongs to one goroutine. Its errors are of
// the type [failure.Error].
type Photo struct {
	Request
	File *File

	format     string
	hash       string
	unfolded   int64 // bytes of its metadata, decompressed
	provenance *metadata.Provenance
	first      *vips.Image // the first page, once it was opened
	header     vips.Header // then
	dateFault  string
}

// Inspect opens the photo's file. The caller closes it.
func Inspect(r Request) (*Photo, error) {
	file, err := Open(r.Root, r.Path, r.Links)
	if err != nil {
		return nil, r.Unreadable(err)
	}
	p := &Photo{Request: r, File: file}
	if err := r.mayFollow(file.Real()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return p, nil
}

// Close gives back what was opened. It may be called more than once.
func (p *Photo) Close() {
	p.CloseFirst()
	if p.File != nil {
		_ = p.File.Close()
		p.File = nil
	}
}

// CloseFirst gives back the first page, before the rest: it may hold memory.
func (p *Photo) CloseFirst() {
	if p.first != nil {
		p.first.Close()
		p.first = nil
	}
}

// Content is a path that leads to this very file.
func (p *Photo) Content() string { return p.File.Handle() }

// Accept judges the file by its format and its length, before any of it is
// decoded or read in full. A reason says that it is passed over.
func (p *Photo) Accept() (reason string, err error) {
	if p.format, err = p.File.Format(); err != nil {
		return "", p.Unreadable(err)
	}
	if p.format == "" {
		return p.notImage()
	}
	if reason = p.taken(); reason != "" {
		return reason, nil
	}
	return "", p.withinBytes()
}

// Format is what the content is. It is known once the photo was accepted.
func (p *Photo) Format() string { return p.format }

// Metadata is how many bytes its metadata come to when they are decompressed,
// once the photo was accepted.
func (p *Photo) Metadata() int64 { return p.unfolded }

// Hash is the SHA-256 of the file's bytes, hexadecimal.
func (p *Photo) Hash() (string, error) {
	if p.hash == "" {
		hash, err := p.File.Digest()
		if err != nil {
			return "", p.Unreadable(err)
		}
		p.hash = hash
	}
	return p.hash, nil
}

// KnownHash is Hash where it was asked for before, else "".
func (p *Photo) KnownHash() string { return p.hash }

// Provenance is what the file says of how Burnish made it.
func (p *Photo) Provenance() (found metadata.Provenance, ok bool) {
	if p.provenance == nil {
		found, _ = metadata.ReadProvenance(p.Content(), p.format)
		p.provenance = &found
	}
	return *p.provenance, p.provenance.Source != ""
}

// Header reads the photo's header, opens its first page, and refuses a photo of
// more pages or pixels than the limits. The orientation is the one that its
// metadata tell wherever they say so: libvips knows EXIF of fewer places.
func (p *Photo) Header() (vips.Header, error) {
	if p.first != nil {
		return p.header, p.withinLimits(p.header)
	}
	first, header, err := vips.Inspect(p.Content(), p.format)
	if err != nil {
		return vips.Header{}, p.Damaged(err)
	}
	if n, ok := metadata.Orientation(p.Content(), header.Format); ok && header.Pages == 1 {
		header.Orientation = n
	}
	p.first, p.header = first, header
	return header, p.withinLimits(header)
}

// Decode gives one of the pages as a stream, and notes what is amiss with its
// colours. Of the first there is one stream, which one caller may read.
func (p *Photo) Decode(ctx context.Context, page int) (_ ops.Image, err error) {
	header, err := p.Header()
	if err != nil {
		return ops.Image{}, err
	}
	var pixels *vips.Image
	if page == 0 {
		pixels = p.first.Ref()
	} else if pixels, err = vips.OpenPage(p.Content(), page, vips.Sequential); err != nil {
		return ops.Image{}, p.Damaged(err)
	}
	if pixels, err = tagged(pixels, header); err != nil {
		return ops.Image{}, err
	}
	// A later page may be larger than the first.
	if err := p.withinLimits(vips.Header{Width: pixels.Width(), Height: pixels.Height(), Pages: 1}); err != nil {
		pixels.Close()
		return ops.Image{}, err
	}
	src, err := p.source(page, pixels.Width(), pixels.Height())
	if err != nil {
		pixels.Close()
		return ops.Image{}, err
	}
	img := ops.Image{Pixels: pixels, Source: src, Original: header.Pages == 1, Frame: ops.Whole}
	src.Taken, p.dateFault = metadata.Taken(img)
	return p.inColour(ctx, img, page)
}

// DecodeReduced is Decode of the first page, whose decoder may divide its sides by
// most, or less. Only that of JPEG does.
func (p *Photo) DecodeReduced(ctx context.Context, most float64) (_ ops.Image, err error) {
	header, err := p.Header()
	if err != nil {
		return ops.Image{}, err
	}
	n := 8
	for n > 1 && float64(n) > most {
		n /= 2
	}
	if n == 1 || p.format != "jpeg" || min(header.Width, header.Height) < minReduced {
		return p.Decode(ctx, 0)
	}
	pixels, err := vips.OpenReduced(p.Content(), n)
	if err != nil {
		return ops.Image{}, p.Damaged(err)
	}
	if pixels, err = tagged(pixels, header); err != nil {
		return ops.Image{}, err
	}
	src, err := p.source(0, header.Width, header.Height)
	if err != nil {
		pixels.Close()
		return ops.Image{}, err
	}
	img := ops.Image{Pixels: pixels, Source: src, Reduced: n}
	src.Taken, p.dateFault = metadata.Taken(img)
	return p.inColour(ctx, img, 0)
}

// minReduced is the shorter side, in pixels, of photos that a decoder may reduce.
const minReduced = 64

// source is what is handed to operators of the file.
func (p *Photo) source(page, width, height int) (*ops.Source, error) {
	hash, err := p.Hash()
	if err != nil {
		return nil, err
	}
	folder, err := filepath.Rel(p.Root, filepath.Dir(p.Path))
	if err != nil {
		return nil, err
	}
	return &ops.Source{
		Path: p.Path, File: p.Content(), Format: p.format, Page: page, Width: width, Height: height, Orientation: p.header.Orientation,
		Size: p.File.Info.Size(), ModTime: p.File.Info.ModTime(), Hash: hash, Folder: filepath.ToSlash(folder),
	}, nil
}

// InFull gives the first page so that its pixels may be read in any order.
func (p *Photo) InFull(ctx context.Context) (ops.Image, error) {
	img, err := p.Decode(ctx, 0) // for the limits and the source
	if err != nil {
		return img, err
	}
	img.Close()
	if img.Pixels, err = vips.Open(p.Content(), vips.Random); err != nil {
		return ops.Image{}, p.Damaged(err)
	}
	img.Pixels, err = tagged(img.Pixels, p.header)
	return img, err
}

// tagged is i, which it closes, with the orientation that the header tells.
func tagged(i *vips.Image, header vips.Header) (*vips.Image, error) {
	if header.Pages > 1 || i.Orientation() == header.Orientation {
		return i, nil
	}
	defer i.Close()
	return i.WithInt(vips.FieldOrientation, header.Orientation)
}

// DateFault is what stands in the place of the photo's date, where it has none
// and was decoded.
func (p *Photo) DateFault() string { return p.dateFault }

// Unchanged makes sure that what was read is the file as it is now.
func (p *Photo) Unchanged() error {
	err := p.File.Unchanged(p.hash)
	if errors.Is(err, ErrChanged) {
		return p.Fail(failure.Changed, err, "process it once it is no longer being written; a watched folder does so by itself")
	}
	if err != nil {
		return p.Unreadable(err)
	}
	return nil
}

// Decodes reads the file alone in full, to tell a damaged photo from a step
// that failed.
func (p *Photo) Decodes() error {
	i, err := vips.Open(p.Content(), vips.Sequential)
	if err != nil {
		return err
	}
	defer i.Close()
	_, err = vips.Call("avg", vips.Args{"in": i})
	return err
}
