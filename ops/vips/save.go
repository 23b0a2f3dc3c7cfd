package vips

import (
	"context"
	"maps"
	"sync"

	govips "github.com/davidbyttow/govips/v2/vips"
)

// Save encodes the image into a file with a libvips saver, like "jpegsave", and
// that saver's own arguments. The path is taken as it is: no part is an option
// and the extension does not choose the format. On failure a truncated file may
// be left: write to a temporary name, then rename.
func (i *Image) Save(saver, path string, args Args) error {
	return i.SaveContext(context.Background(), saver, path, args)
}

// SaveContext is Save that stops when ctx ends, at the next strip or tile, with
// the context's error. Neither an encoder that takes the whole image at once
// (WebP, AVIF, JPEG XL) is interrupted at that, nor the decoding of a file opened
// with Random; when ctx ended meanwhile the error is returned though the file
// may be whole.
func (i *Image) SaveContext(ctx context.Context, saver, path string, args Args) error {
	if spec := lookup(saver); spec != nil && spec.Category != "save" {
		return misuse(saver, "it is not a saver")
	}
	with := maps.Clone(args)
	if with == nil {
		with = Args{}
	}
	source := i
	if saver == "webpsave" && leakyWebP() {
		whole, err := i.Materialise(ctx, webpMemory, "")
		if err != nil {
			return wrap(saver, path, err)
		}
		defer whole.Close()
		source = whole
	}
	return source.evaluate(ctx, saver, path, func(c *Image) error {
		with["in"], with["filename"] = c, path
		defer source.vouching(ctx, saver)()
		out, err := Call(saver, with)
		out.Close()
		return err
	})
}

// leakyWebP reports whether webpsave loses its whole input when evaluation
// fails, as before libvips 8.16. Such a version is given pixels that cannot
// fail, up to webpMemory bytes in memory; the encoder needs them all anyway.
func leakyWebP() bool {
	return govips.MajorVersion == 8 && govips.MinorVersion < 16
}

const webpMemory = 128 << 20

// encoder is how a format is written.
type encoder struct {
	saver string
	probe Args // arguments with which a trial must succeed
}

var encoders = map[string]encoder{
	"jpeg": {"jpegsave", nil},
	"png":  {"pngsave", nil},
	"webp": {"webpsave", nil},
	"tiff": {"tiffsave", nil},
	"gif":  {"gifsave", nil},
	"jxl":  {"jxlsave", nil},
	"avif": {"heifsave", Args{"compression": "av1"}},
	"heic": {"heifsave", Args{"compression": "hevc"}},
}

var probed struct {
	sync.Mutex
	works map[string]bool
}

// SaverFor returns the saver that writes a format: jpeg, png, webp, avif, heic,
// jxl, tiff or gif. It is false when the library cannot, found out by encoding
// a tiny image once. The savers of avif and heic are the same: pass Save
// "compression" as "av1" or "hevc" as well.
func SaverFor(format string) (saver string, ok bool) {
	e, known := encoders[format]
	if !known {
		return "", false
	}
	probed.Lock()
	defer probed.Unlock()
	works, tried := probed.works[format]
	if !tried {
		if probed.works == nil {
			probed.works = map[string]bool{}
		}
		works = e.works()
		probed.works[format] = works
	}
	if !works {
		return "", false
	}
	return e.saver, true
}

// works encodes 64 × 64 black pixels to memory.
func (e encoder) works() bool {
	if lookup(e.saver) == nil {
		return false
	}
	image, err := FromMemory(make([]byte, 3*64*64), 64, 64, 3, "uchar")
	if err != nil {
		return false
	}
	defer image.Close()
	args := maps.Clone(e.probe)
	if args == nil {
		args = Args{}
	}
	args["in"] = image
	out, err := Call(e.saver+"_buffer", args)
	out.Close()
	return err == nil
}
