package vips

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/burnish-photo/burnish/ops/handle"
)

// Access is the order in which an opened file's pixels will be asked for.
type Access int

const (
	// Sequential decodes as the pixels are consumed, once, top to bottom, in
	// little memory. Every operation up to the sink must be Sequential.
	Sequential Access = iota
	// Random decodes the whole file at once, into memory or, above 100 MB of
	// pixels, a temporary file.
	Random
)

func (a Access) String() string {
	if a == Random {
		return "random"
	}
	return "sequential"
}

var (
	// ErrNotImage is a file whose content is no image format known here.
	ErrNotImage = errors.New("not an image")
	// ErrUnsupported is a format that is known, but that this libvips cannot
	// read, or only with a loader that is not safe for untrusted files.
	ErrUnsupported = errors.New("unsupported image format")
)

// loaders are those for files of any origin; see [Untrusted] for the others.
// What libvips would choose by itself is never asked for.
var loaders = map[string]string{
	"jpeg": "jpegload", "png": "pngload", "webp": "webpload", "gif": "gifload",
	"tiff": "tiffload", "avif": "heifload", "heif": "heifload",
}

// Open opens the first page of an image file, with the loader that its content
// asks for; nothing in its name matters. The header is read at once, pixels
// when they are consumed. A truncated or corrupt file is an error, at the latest
// then; oddities that decoders only warn of, such as stray bytes between JPEG
// segments, are not. Pixels are not turned upright: see Orientation. (HEIF and
// AVIF decoders turn them, and report orientation 1.)
func Open(path string, a Access) (*Image, error) { return open(path, a, nil) }

// OpenPage is Open of another page than the first, counted from 0, of a file
// whose format holds several: see Header.Pages.
func OpenPage(path string, page int, a Access) (*Image, error) {
	return open(path, a, Args{"page": page})
}

// OpenReduced is Open with Sequential of a JPEG, each side of which its decoder
// divides by n, which is 2, 4 or 8, and rounds up.
func OpenReduced(path string, n int) (*Image, error) {
	return open(path, Sequential, Args{"shrink": n})
}

func open(path string, a Access, more Args) (*Image, error) {
	_, loader, err := loaderOf(path, "")
	if err != nil {
		return nil, err
	}
	bare, err := load(loader, path, more)
	if err != nil {
		return nil, err
	}
	defer bare.Close()
	stream, err := bare.watched(loader, path)
	if err != nil || a == Sequential {
		return stream, err
	}
	defer stream.Close()
	return stream.Materialise(context.Background(), maxDecoded, "")
}

// maxDecoded is the size in bytes up to which a file opened with Random stays
// in memory.
const maxDecoded = 100 << 20

func load(loader, path string, more Args) (*Image, error) {
	if loader == "tiffload" {
		if kind := unreadNumbers(path); kind != "" {
			return nil, wrap("open", path, fmt.Errorf("%w: %s", ErrNumbers, kind))
		}
	}
	args := Args{"access": Sequential.String(), "fail_on": "error"}
	maps.Copy(args, more)
	out, err := loadFrom(loader, path, args)
	if err != nil {
		return nil, err
	}
	image := out["out"].(*Image)
	delete(out, "out")
	out.Close()
	if loader != "heifload" {
		return image, nil
	}
	defer image.Close()
	forgetHints() // it complains of seeks behind the end, which mean nothing
	return image.withOwnProfile()
}

// loadFrom calls a loader. A JPEG that is open already is read through its
// descriptor; by its path the loader would open it to read the header, and once
// more to decode.
func loadFrom(loader, path string, args Args) (Outputs, error) {
	if loader != "jpegload" || !handle.Is(path) {
		args["filename"] = path
		return Call(loader, args)
	}
	s, err := newSource(path)
	if err != nil {
		return nil, wrap("open", path, err)
	}
	defer s.close()
	args["source"] = s
	return Call("jpegload_source", args)
}

// withOwnProfile has a colour profile of its own: the one that heifload of
// libvips 8.14 gives lies in the decoder's memory, which goes with the file,
// while images made from it would go on pointing there.
func (i *Image) withOwnProfile() (*Image, error) {
	profile, ok := i.Blob(FieldICC)
	if !ok {
		return i.Ref(), nil
	}
	return i.WithBlob(FieldICC, profile)
}

// loaderOf is the loader of a file of that format; of "" it is found out.
func loaderOf(path, known string) (format, loader string, err error) {
	if err := ready(); err != nil {
		return "", "", wrap("open", path, err)
	}
	if format = known; format == "" {
		if format, err = Sniff(path); err != nil {
			return "", "", err
		}
	}
	if format == "" {
		return "", "", wrap("open", path, ErrNotImage)
	}
	if loader = loaderFor(format); loader == "" || lookup(loader) == nil {
		return format, "", wrap("open", path+" ("+format+")", ErrUnsupported)
	}
	return format, loader, nil
}

// Header is what a file says of its image.
type Header struct {
	Format         string // as Sniff names it
	Loader         string // the libvips operation that opens it
	Width, Height  int    // pixels, as stored: before any turning upright
	Bands          int    // values in a pixel, transparency included
	Sample         string // type of a value, like "uchar"
	PixelBytes     int    // of a decoded pixel: 3 of 8-bit RGB
	Interpretation string // what the values mean, like "srgb"
	Orientation    int    // 1 to 8 as EXIF counts; 1 when the file does not say
	Pages          int    // at least 1
	Alpha          bool   // the last band is transparency
	ICC, EXIF      bool   // what is embedded
}

// ReadHeader reads the header of an image file and decodes no pixels.
func ReadHeader(path string) (Header, error) {
	image, header, err := Inspect(path, "")
	if err == nil {
		image.Close()
	}
	return header, err
}

// Inspect reads the header of an image file and gives its first page as Open
// does with Sequential, from one opening of the file. The format is the one that
// Sniff has told, or "".
func Inspect(path, format string) (*Image, Header, error) {
	format, loader, err := loaderOf(path, format)
	if err != nil {
		return nil, Header{}, err
	}
	bare, err := load(loader, path, nil)
	if err != nil {
		return nil, Header{}, err
	}
	defer bare.Close()
	image, err := bare.watched(loader, path)
	if err != nil {
		return nil, Header{}, err
	}
	return image, bare.header(format, loader), nil
}

func (i *Image) header(format, loader string) Header {
	ref := i.Govips()
	defer ref.Close()
	pages := max(1, ref.Pages())
	if format == "jp2" {
		pages = 1 // the loader counts resolutions of the one image
	}
	return Header{
		Format:         format,
		Loader:         loader,
		Width:          ref.Width(),
		Height:         ref.Height(),
		Bands:          ref.Bands(),
		Sample:         i.Format(),
		PixelBytes:     i.PixelBytes(),
		Interpretation: i.Interpretation(),
		Orientation:    upright(ref.Orientation()),
		Pages:          pages,
		Alpha:          ref.HasAlpha(),
		ICC:            ref.HasICCProfile(),
		EXIF:           ref.HasExif(),
	}
}
