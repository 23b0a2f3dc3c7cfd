// Package viewer shows recorded photos before and after: any part of an original
// or of an output, at any size, without ever holding the whole picture. It runs
// where photos are decoded, in the worker process, and is asked for a record and
// a number, never for a path.
//
// A file is opened below the folder that its record names, and shown only if it
// is the one that was recorded. A JPEG of the sequential process is indexed in
// memory, and parts are cut out of it; of any other file, a pyramid of tiles is
// made in the state folder, within a budget.
package viewer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin/failure"
	"github.com/burnish-photo/burnish/plugin/history"
)

// Why a picture is not shown.
var (
	ErrUnknown = errors.New("there is no such photo or picture; it may have been forgotten since")
	ErrMissing = errors.New("the file is no longer where it was")
	ErrChanged = errors.New("the file is no longer the one that was recorded")
	ErrUnsafe  = errors.New("decoding this photo ended the worker process, so it is not opened again")
	ErrLarge   = errors.New("the photo was refused as too large, so it is not opened")
	ErrHeld    = errors.New("the picture takes too much memory to be looked at; download it instead")
	ErrOutside = errors.New("there is no such tile")
	ErrBusy    = errors.New("too many pictures are being looked at; try again in a moment")
	ErrLater   = errors.New("the picture is being prepared; try again in a moment")
)

// Bounds of what is under way and of what is kept.
const (
	atOnce     = 2                // tiles that are made
	queued     = 128              // calls that wait for their turn
	patience   = 20 * time.Second // of one call, for a picture that is being prepared
	inMemory   = 64 << 20         // bytes of indexes
	longestTry = 2 * time.Minute  // to prepare a picture
)

// Options are what a viewer is made with.
type Options struct {
	Records  *history.Records
	StateDir string
	Log      *slog.Logger

	// Budget is the most bytes of pyramids, and MinFree what stays free on the
	// disk of the state folder.
	Budget, MinFree int64

	// Admit waits for memory that a file's decoder needs at once.
	Admit func(ctx context.Context, bytes int64) (release func(), err error)
}

// Viewer shows pictures. It is safe for concurrent use.
type Viewer struct {
	options  Options
	turns    chan struct{}
	waiting  chan struct{}
	checked  checked
	pictures shared
	cache    *folder
}

// New makes a viewer. The caller closes it.
func New(o Options) *Viewer {
	v := &Viewer{options: o, turns: make(chan struct{}, atOnce), waiting: make(chan struct{}, queued), cache: newFolder(o)}
	v.pictures.prepare = v.prepare
	return v
}

// Close ends what is under way.
func (v *Viewer) Close() { v.pictures.close() }

// Tile names a part of a picture. At level n, a picture is 2ⁿ times smaller than
// it is, its sides rounded up, and cut into squares of Side from the upper left.
type Tile struct {
	Photo    string `json:"photo"`   // see [history.Record.ID]
	Picture  int    `json:"picture"` // 0 the original, else the output of that number, and then those of Formers
	Level    int    `json:"level"`
	X        int    `json:"x"`
	Y        int    `json:"y"`
	Lossless bool   `json:"lossless,omitempty"` // PNG instead of JPEG
}

// Side is that of a tile, in pixels.
const Side = 512

// maxLevel is the highest level: there a picture is a few pixels.
const maxLevel = 16

// Info is what there is to know of a picture before its tiles are asked for.
type Info struct {
	Width  int `json:"width"` // turned upright, in pixels
	Height int `json:"height"`
}

// Describe opens a picture, which prepares it.
func (v *Viewer) Describe(ctx context.Context, photo string, picture int) (info Info, err error) {
	err = v.with(ctx, photo, picture, func(p *view) error {
		info.Width, info.Height = p.upright(0)
		return nil
	})
	return info, err
}

// Tile makes a tile: a JPEG, or a PNG.
func (v *Viewer) Tile(ctx context.Context, t Tile) (encoded []byte, err error) {
	err = v.with(ctx, t.Photo, t.Picture, func(p *view) error {
		if t.Level < 0 || t.Level > maxLevel || t.X < 0 || t.Y < 0 {
			return ErrOutside
		}
		w, h := p.upright(t.Level)
		if t.X > (w-1)/Side || t.Y > (h-1)/Side {
			return ErrOutside
		}
		r := rectangle{t.X * Side, t.Y * Side, min(Side, w-t.X*Side), min(Side, h-t.Y*Side)}
		pixels, err := p.part(t.Level, r)
		if err != nil {
			return err
		}
		defer pixels.Close()
		encoded, err = encode(pixels, t.Lossless)
		return err
	})
	return encoded, err
}

// Preview makes a JPEG of a whole picture whose sides are side pixels at most.
func (v *Viewer) Preview(ctx context.Context, photo string, picture, side int) (encoded []byte, err error) {
	if side < 1 || side > 2*Side {
		return nil, ErrOutside
	}
	end, err := v.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	f, err := v.open(photo, picture)
	if err != nil {
		return nil, err
	}
	defer f.close()
	pixels, err := f.small(ctx, side, v.options.Admit)
	if err != nil {
		return nil, err
	}
	defer pixels.Close()
	return encode(pixels, false)
}

// with calls do with a picture once it is its turn.
func (v *Viewer) with(ctx context.Context, photo string, picture int, do func(*view) error) error {
	end, err := v.begin(ctx)
	if err != nil {
		return err
	}
	defer func() { end() }()
	f, err := v.open(photo, picture)
	if err != nil {
		return err
	}
	defer f.close()
	p, known := v.pictures.known(f.hash)
	if !known {
		end() // others need not wait for it
		end = func() {}
		if p, err = v.pictures.get(ctx, f); err != nil {
			return err
		}
		if end, err = v.begin(ctx); err != nil {
			p.release()
			end = func() {}
			return err
		}
	}
	defer p.release()
	return do(&view{p, f})
}

// begin waits for a turn.
func (v *Viewer) begin(ctx context.Context) (end func(), err error) {
	select {
	case v.waiting <- struct{}{}:
	default:
		return nil, ErrBusy
	}
	defer func() { <-v.waiting }()
	select {
	case v.turns <- struct{}{}:
		return func() { <-v.turns }, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// prepare makes a picture ready: see the package.
func (v *Viewer) prepare(ctx context.Context, f *file) (pyramid, error) {
	if f.format == "jpeg" {
		p, err := newIndexed(ctx, f)
		if err == nil || ctx.Err() != nil {
			return p, err
		}
		v.options.Log.Debug("picture is not indexed", "photo", f.path, "reason", err)
	}
	return v.cache.pyramid(ctx, f)
}

// refused is why a photo is not opened whose record tells that decoding it ended
// a process, or that it is beyond the limits; nil for all others.
func refused(r history.Record) error {
	switch {
	case !r.HasFailed():
		return nil
	case r.ErrorClass == string(failure.Crashed), r.ErrorClass == string(failure.Starved):
		return ErrUnsafe
	case r.ErrorClass == string(failure.TooLarge):
		return ErrLarge
	}
	return nil
}

// encode makes the bytes that are sent.
func encode(p *vips.Image, lossless bool) ([]byte, error) {
	op, args := "jpegsave_buffer", vips.Args{"in": p, "Q": 92, "subsample_mode": "off", "strip": true}
	if lossless {
		op, args = "pngsave_buffer", vips.Args{"in": p, "compression": 3, "strip": true}
	}
	out, err := vips.Call(op, args)
	if err != nil {
		return nil, err
	}
	defer out.Close()
	encoded, ok := out["buffer"].([]byte)
	if !ok {
		return nil, fmt.Errorf("%s gave no bytes", op)
	}
	return encoded, nil
}
