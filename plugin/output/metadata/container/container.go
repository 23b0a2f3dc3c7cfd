// Package container reads and replaces the metadata of image files by their
// containers: JPEG segments, PNG and RIFF chunks, boxes of ISO media files and
// JPEG XL, TIFF directories, GIF extensions. It decodes no pixels and does not
// judge what the blocks hold.
package container

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/burnish-photo/burnish/ops/handle"
)

// Metadata are the blocks that a file carries beside its pixels and their
// colour profile; nil where it has none.
type Metadata struct {
	EXIF     []byte  // from the byte order mark on
	XMP      []byte  // the packet
	Extended []byte  // the extension of XMP that JPEG keeps apart
	IPTC     []byte  // the IIM datasets
	Density  Density // that a JPEG's JFIF segment or a PNG's pHYs chunk is to tell, none where it is zero; for Write alone
	Second   []byte  // a further JPEG that JPEG files list behind the first, such as a gain map
	More     int     // how many of these there are; not for Write
}

// Support says which blocks a format can carry.
type Support struct{ EXIF, XMP, IPTC bool }

type codec struct {
	support Support
	read    func(f input) (Metadata, error)
	write   func(in input, out *os.File, m Metadata) error
}

var (
	all, noIPTC = Support{true, true, true}, Support{true, true, false}

	codecs = map[string]codec{
		"jpeg": {all, readJPEG, writeJPEG},
		"tiff": {all, readTIFF, writeTIFF},
		"png":  {noIPTC, readPNG, writePNG},
		"webp": {noIPTC, readWebP, writeWebP},
		"avif": {noIPTC, readISO, writeISO},
		"heic": {noIPTC, readISO, writeISO},
		"heif": {noIPTC, readISO, writeISO},
		"jxl":  {noIPTC, readJXL, writeJXL},
		"gif":  {Support{XMP: true}, readGIF, writeGIF},
	}
)

// Carries reports what a format can carry; nothing for formats not known here.
func Carries(format string) Support {
	return codecs[format].support
}

// input is a file that metadata is read from.
type input interface {
	io.ReadSeeker
	io.ReaderAt
	Stat() (fs.FileInfo, error)
}

// Read reads the metadata of a file of that format. A format that is not known
// here has none.
func Read(path, format string) (Metadata, error) {
	c, ok := codecs[format]
	if !ok {
		return Metadata{}, nil
	}
	f, err := handle.Open(path)
	if err != nil {
		return Metadata{}, err
	}
	defer f.Close()
	m, err := c.read(f)
	if err != nil {
		return m, fmt.Errorf("read the metadata: %w", short(err))
	}
	return m, nil
}

// Write copies the file in to the empty file out with m in place of the
// metadata that it had. The pixels and their profile stay as they are.
func Write(in, out, format string, m Metadata) error {
	c, ok := codecs[format]
	if !ok {
		return fmt.Errorf("write metadata: %s is not known", format)
	}
	from, err := handle.Open(in)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.OpenFile(out, os.O_RDWR|os.O_TRUNC, 0)
	if err != nil {
		return err
	}
	err = c.write(from, to, m)
	if err != nil {
		err = fmt.Errorf("write the metadata: %w", short(err))
	}
	return errors.Join(err, to.Close())
}

var errShort = errors.New("the file ends too early")

func short(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errShort
	}
	return err
}

// maxBlock bounds a block that is read into memory, in bytes.
const maxBlock = 64 << 20

// take reads n bytes.
func take(r io.Reader, n int64) ([]byte, error) {
	if n < 0 || n > maxBlock {
		return nil, fmt.Errorf("a block must be of at most %d bytes, got %d", maxBlock, n)
	}
	data := make([]byte, n)
	_, err := io.ReadFull(r, data)
	return data, err
}

// budget is how many bytes may still be read of one file: parts of hostile
// files overlap, or unfold.
type budget int64

func (b *budget) spend(n int64) error {
	if n < 0 || n > int64(*b) {
		return fmt.Errorf("metadata must be at most %d bytes, got %d or more", maxBlock, maxBlock-int64(*b)+n)
	}
	*b -= budget(n)
	return nil
}

func (b *budget) take(r io.Reader, n int64) ([]byte, error) {
	if err := b.spend(n); err != nil {
		return nil, err
	}
	return take(r, n)
}

// put writes to w, which keeps an error until its Flush.
func put[T ~string | ~[]byte](w *bufio.Writer, data T) {
	_, _ = w.WriteString(string(data))
}
