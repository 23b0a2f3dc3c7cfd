package process

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/burnish-photo/burnish/ops/process/wire"
	"github.com/burnish-photo/burnish/ops/vips"
)

func isClosed(err error) bool {
	return errors.Is(err, fs.ErrClosed) || errors.Is(err, io.ErrClosedPipe) || errors.As(err, new(*fs.PathError))
}

// answer is what a program makes of one photo, as it is received.
type answer struct {
	in       *bufio.Reader
	id       int64
	exchange exchange
	resizes  bool
	inMemory int64
	scratch  string

	layout wire.Layout
	row    []byte // of the photo
	pixels *store
}

// mostPixels bounds a result, whatever the photo's size: one more than any photo
// that libvips reads.
const mostPixels = 1 << 32

// receive reads the answer whole. A [misbehaviour] leaves the program in no state
// to go on.
func (a *answer) receive(ctx context.Context) error {
	f, err := wire.Read(a.in)
	if err != nil {
		return misbehaviour{err}
	}
	switch f.Type {
	case wire.TypeError:
		var e wire.Error
		if err := f.Decode(&e); err != nil || e.ID != a.id || f.Body != 0 {
			return misbehaved("it answered with an error that is not of photo %d or has a body", a.id)
		}
		return said(e)
	case wire.TypeResult:
	default:
		return misbehaved("it answered a photo with %q instead of a result or an error", clip(f.Type))
	}
	var r wire.Result
	if err := f.Decode(&r); err != nil {
		return misbehaviour{err}
	}
	if err := a.accept(r); err != nil {
		return misbehaviour{err}
	}
	a.row = make([]byte, a.layout.Width*a.exchange.answered()*a.exchange.size)
	if a.pixels, err = newStore(int64(len(a.row))*int64(a.layout.Height), a.inMemory, a.scratch); err != nil {
		return err
	}
	if err := a.body(ctx, f.Body); err != nil {
		if a.pixels != nil {
			a.pixels.close()
		}
		return err
	}
	return nil
}

// Bounds of a result, whose rows are made before a pixel of it has come.
const (
	mostSide    = 10_000_000 // pixels, as libvips has it
	mostGrowth  = 64         // times the photo's pixels: eight times each side
	spareGrowth = 16 << 20   // pixels that a small photo may become
)

// accept judges the layout of a result.
func (a *answer) accept(r wire.Result) error {
	l, sent := r.Layout, a.exchange.sent
	if l.Width == 0 && l.Height == 0 { // what is left out is as in the photo
		l.Width, l.Height = sent.Width, sent.Height
	}
	l.Format, l.Bands, l.Depth = cmp.Or(l.Format, sent.Format), cmp.Or(l.Bands, sent.Bands), cmp.Or(l.Depth, sent.Depth)
	same := l.Width == sent.Width && l.Height == sent.Height
	switch {
	case r.ID != a.id:
		return fmt.Errorf("it answered photo %d, and was given photo %d", r.ID, a.id)
	case l.Width < 1 || l.Height < 1 || l.Width > mostSide || l.Height > mostSide || int64(l.Width)*int64(l.Height) > mostPixels:
		return fmt.Errorf("its result has an impossible size: %d×%d", l.Width, l.Height)
	case int64(l.Width)*int64(l.Height) > mostGrowth*int64(sent.Width)*int64(sent.Height)+spareGrowth:
		return fmt.Errorf("its result of %d×%d must have at most %d times as many pixels as the photo", l.Width, l.Height, mostGrowth)
	case !same && !a.resizes:
		return fmt.Errorf("its result must be %d×%d like the photo, got %d×%d", sent.Width, sent.Height, l.Width, l.Height)
	case !same && a.exchange.held:
		return errors.New("its result has another size than the photo, whose transparency it did not take")
	case l.Bands != sent.Bands:
		return fmt.Errorf("its result must have %d bands like the photo, got %d", sent.Bands, l.Bands)
	case l.Depth != 8 && l.Depth != 16 && (l.Depth != 32 || l.Format != wire.FormatRaw):
		return fmt.Errorf("its result must have 8 or 16 bits a sample, or 32 of raw floats, got %d of %s", l.Depth, clip(l.Format))
	}
	a.layout = l
	return nil
}

func (a *answer) body(ctx context.Context, size int64) error {
	whole := int64(a.layout.Row()) * int64(a.layout.Height)
	switch a.layout.Format {
	case wire.FormatRaw:
		if size == 0 {
			return a.rows()
		}
		if size != whole {
			return misbehaved("its result must be %d bytes, got %d", whole, size)
		}
		return a.take(io.LimitReader(a.in, size), a.layout.Height, false)
	case wire.FormatPPM:
		return a.ppm(size, whole)
	case wire.FormatPNG, wire.FormatTIFF:
		if size > 2*whole+1<<20 {
			return misbehaved("its result of %d bytes is larger than %d×%d pixels can be", size, a.layout.Width, a.layout.Height)
		}
		return a.file(ctx, size)
	}
	return misbehaved("the format of its result must be raw, ppm, png or tiff, got %q", clip(a.layout.Format))
}

// rows takes raw rows that come in messages of their own.
func (a *answer) rows() error {
	for y := 0; y < a.layout.Height; {
		f, err := wire.Read(a.in)
		if err != nil {
			return misbehaviour{err}
		}
		if f.Type == wire.TypeError {
			var e wire.Error
			if err := f.Decode(&e); err != nil || e.ID != a.id || f.Body != 0 {
				return misbehaved("it answered with an error that is not of photo %d or has a body", a.id)
			}
			return said(e)
		}
		var r wire.Rows
		if err := f.Decode(&r); err != nil {
			return misbehaviour{err}
		}
		if f.Type != wire.TypeRows || r.ID != a.id || r.Y != y || r.Rows < 1 || r.Rows > a.layout.Height-y || f.Body != int64(r.Rows)*int64(a.layout.Row()) {
			return misbehaved("must send rows from %d on, got %q of rows %d to %d and %d bytes", y, clip(f.Type), r.Y, r.Y+r.Rows-1, f.Body)
		}
		if err := a.take(io.LimitReader(a.in, f.Body), r.Rows, false); err != nil {
			return err
		}
		y += r.Rows
	}
	return nil
}

// take takes the next n raw rows.
func (a *answer) take(from io.Reader, n int, bigEndian bool) error {
	room := make([]byte, a.layout.Row())
	for range n {
		if _, err := io.ReadFull(from, room); err != nil {
			return misbehaviour{unexpected(err)}
		}
		if bigEndian && a.layout.Depth == 16 {
			for i := 0; i+1 < len(room); i += 2 {
				room[i], room[i+1] = room[i+1], room[i]
			}
		}
		if err := a.put(room); err != nil {
			return err
		}
	}
	return nil
}

// put keeps one row of the answer as one of the photo.
func (a *answer) put(row []byte) error {
	if !a.exchange.expanded && a.layout.Depth == 8*a.exchange.size {
		_, err := a.pixels.Write(row)
		return err
	}
	if err := a.exchange.decode(a.row, row, a.layout.Width, a.layout.Depth); err != nil {
		return misbehaviour{err}
	}
	_, err := a.pixels.Write(a.row)
	return err
}

func unexpected(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// ppm takes a binary PGM or PPM.
func (a *answer) ppm(size, whole int64) error {
	limited := bufio.NewReaderSize(io.LimitReader(a.in, size), 4096)
	kind, width, height, most, err := pnmHeader(limited)
	if err != nil {
		return misbehaved("its result must be a binary PGM or PPM: %v", err)
	}
	wants, full := map[int]string{1: "P5", 3: "P6"}[a.layout.Bands], map[int]int{8: 255, 16: 65535}[a.layout.Depth]
	if kind != wants || width != a.layout.Width || height != a.layout.Height || most != full {
		return misbehaved("its result must be %s of %d×%d up to %d as it said, got %q of %d×%d up to %d", wants, a.layout.Width, a.layout.Height, full, clip(kind), width, height, most)
	}
	if err := a.take(limited, a.layout.Height, true); err != nil {
		return err
	}
	if n, _ := io.Copy(io.Discard, limited); n > 0 {
		return misbehaved("its result of %d bytes is longer than its %d bytes of pixels", size, whole)
	}
	return nil
}

// pnmHeader reads the header of a PGM or PPM without comments.
func pnmHeader(r *bufio.Reader) (kind string, width, height, most int, err error) {
	magic := make([]byte, 2)
	if _, err := io.ReadFull(r, magic); err != nil {
		return "", 0, 0, 0, err
	}
	for _, into := range []*int{&width, &height, &most} {
		if *into, err = pnmNumber(r); err != nil {
			return "", 0, 0, 0, err
		}
	}
	return string(magic), width, height, most, nil
}

// pnmNumber reads a number with the white space around it: any before, one after.
func pnmNumber(r *bufio.Reader) (n int, err error) {
	for digits := 0; ; {
		c, err := r.ReadByte()
		switch {
		case err != nil:
			return 0, err
		case c >= '0' && c <= '9' && digits < 9:
			n, digits = 10*n+int(c-'0'), digits+1
		case (c == ' ' || c == '\n' || c == '\t' || c == '\r') && digits > 0:
			return n, nil
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
		default:
			return 0, fmt.Errorf("%q is no part of a header", c)
		}
	}
}

// ppmHeader begins a photo that is sent as PGM or PPM.
func ppmHeader(l wire.Layout) []byte {
	kind := map[int]string{1: "P5", 3: "P6"}[l.Bands]
	return fmt.Appendf(nil, "%s\n%d %d\n%d\n", kind, l.Width, l.Height, 1<<l.Depth-1)
}

// swapped are samples of 16 bits in the other byte order.
func swapped(row []byte) {
	for i := 0; i+1 < len(row); i += 2 {
		binary.BigEndian.PutUint16(row[i:], binary.LittleEndian.Uint16(row[i:]))
	}
}

// file takes a PNG or TIFF.
func (a *answer) file(ctx context.Context, size int64) error {
	dir, err := os.MkdirTemp(a.scratch, "burnish-operator-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	name := filepath.Join(dir, "answer."+a.layout.Format)
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, a.in, size)
	if err := f.Close(); err != nil {
		return err
	}
	if err != nil {
		return misbehaviour{unexpected(err)}
	}
	p, err := vips.Open(name, vips.Sequential)
	if err != nil {
		return misbehaved("its result is not a %s that can be read: %v", a.layout.Format, err)
	}
	defer p.Close()
	formats := map[string]int{"uchar": 8, "ushort": 16}
	if p.Width() != a.layout.Width || p.Height() != a.layout.Height || p.Bands() != a.layout.Bands || formats[p.Format()] != a.layout.Depth {
		return misbehaved("its %s must be %d×%d of %d bands and %d bits as it said, got %d×%d of %d bands and %s",
			a.layout.Format, a.layout.Width, a.layout.Height, a.layout.Bands, a.layout.Depth, p.Width(), p.Height(), p.Bands(), p.Format())
	}
	err = eachRows(ctx, p, func(rows vips.Rows) error {
		for y := rows.Top; y < rows.Top+rows.Height; y++ {
			if err := a.put(rows.Row(y)[:a.layout.Row()]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		return misbehaved("its result cannot be read: %v", err)
	}
	return err
}
