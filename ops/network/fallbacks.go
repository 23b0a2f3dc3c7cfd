package network

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/device"
	"github.com/burnish-photo/burnish/ops/event"
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/tile"
)

// fallbacks is what is tried on a tile, in order, until an answer passes the
// check: the model as it is meant to run, full precision where that was less,
// smaller tiles, the CPU. It is safe for concurrent use.
type fallbacks struct {
	usual    *session // the model as it is meant to run
	attempts []*attempt
	// begin is the attempt to begin with: those before it ran out of memory, and
	// would again.
	begin atomic.Int32
}

// attempt is one way to restore a tile.
type attempt struct {
	name   string // for people
	kind   ops.Fallback
	layout tile.Layout // of the smaller tiles that a tile is divided into; Size 0: it is not
	open   func() (*session, error)

	once  sync.Once
	model *session
	err   error
}

// newFallbacks begins with model, in half precision where half is true, whose
// tiles are those of l. reopen opens the full model otherwise: in full precision,
// or on the CPU. It owns model.
func newFallbacks(model *session, half bool, l tile.Layout, reopen func(onnx.Options) (*session, error), o onnx.Options) *fallbacks {
	first := &attempt{name: o.Device.String(), model: model}
	first.once.Do(func() {})
	l.Fitted = false
	f := &fallbacks{usual: model, attempts: []*attempt{first}}
	if model.Device().Kind == "cpu" {
		f.add(ops.FallbackSmallerTiles, "", l.Smaller(), func() (*session, error) { model.retain(); return model, nil })
		if model.SelfTest().FusedBlocks > 0 {
			unfused := o
			unfused.Unfused = true
			f.add(ops.FallbackUnfused, "the graph without fused kernels", []tile.Layout{{}}, func() (*session, error) { return reopen(unfused) })
		}
		return f
	}
	if half {
		first.name += " in half precision"
	}
	full := o
	full.FullPrecision, full.Require = true, true
	precise := func() (*session, error) { return reopen(full) }
	cpu := o
	cpu.Device, cpu.Require = device.CPU, false
	onCPU := func() (*session, error) { return reopen(cpu) }
	f.add(ops.FallbackFullPrecision, o.Device.String()+" in full precision", []tile.Layout{{}}, precise)
	f.add(ops.FallbackSmallerTiles, o.Device.String()+" in full precision, ", l.Smaller(), precise)
	f.add(ops.FallbackCPU, "the cpu", []tile.Layout{{}}, onCPU)
	f.add(ops.FallbackCPU, "the cpu, ", l.Smaller(), onCPU)
	return f
}

func (f *fallbacks) add(kind ops.Fallback, name string, layouts []tile.Layout, open func() (*session, error)) {
	for _, layout := range layouts {
		a := &attempt{name: name, kind: kind, layout: layout, open: open}
		if layout.Size > 0 {
			a.name += fmt.Sprintf("tiles of %d pixels", layout.Size)
		}
		f.attempts = append(f.attempts, a)
	}
}

// question is what a network is asked: to fill out, of so many times the size, from
// in.
type question struct {
	in, out tile.Planar
	values  []float64 // of the network's other inputs
	drift   float64   // how far the mean of a block may move
}

// restore fills out with the first answer that passes the check. used is the fallback
// that it took where there was one, and why.
func (f *fallbacks) restore(ctx context.Context, q question) (used string, why, err error) {
	var failed failures
	for i := int(f.begin.Load()); i < len(f.attempts); i++ {
		a := f.attempts[i]
		err := a.restore(ctx, q)
		if err == nil {
			if i == 0 {
				return "", nil, nil
			}
			ops.Recording(ctx).FellBack(a.kind)
			return a.name, errors.Join(failed.errs...), nil
		}
		if ctx.Err() != nil {
			return "", nil, err
		}
		failed.add(a.name, err)
		if onnx.OutOfMemory(err) && i+1 < len(f.attempts) {
			f.begin.CompareAndSwap(int32(i), int32(i+1))
		}
	}
	return "", nil, ops.Shared(&failed)
}

// close gives back every model that was opened.
func (f *fallbacks) close() error {
	var errs []error
	for _, a := range f.attempts {
		a.once.Do(func() {})
		if a.model != nil {
			errs = append(errs, a.model.release())
		}
		a.model, a.err = nil, errClosed
	}
	return errors.Join(errs...)
}

var errClosed = errors.New("the operator is closed")

func (a *attempt) restore(ctx context.Context, q question) error {
	a.once.Do(func() { a.model, a.err = a.open() })
	if a.err != nil {
		return a.err
	}
	if a.layout.Size == 0 {
		return q.ask(ctx, a.model)
	}
	return a.divided(ctx, q)
}

// divided restores a tile in smaller ones.
func (a *attempt) divided(ctx context.Context, q question) error {
	home := tile.Rect{W: q.in.Rect.W, H: q.in.Rect.H}
	scale := q.out.Rect.W / home.W
	q.in.Rect, q.out.Rect = home, home.Times(scale)
	plan := a.layout.Plan(home.W, home.H)
	stitcher := tile.NewStitcher(plan.Scaled(scale))
	w, h := plan.TileSize()
	part := q
	part.in, part.out = tile.NewPlanar(tile.Rect{W: w, H: h}), tile.NewPlanar(tile.Rect{W: w * scale, H: h * scale})
	for k := range plan.Strips() {
		err := stitcher.Strip(k, func(tiles []tile.Tile, done func(tile.Planar)) error {
			for _, t := range tiles {
				part.in.Rect, part.out.Rect = t.Rect.Over(scale), t.Rect
				if err := tile.Cut(part.in, q.in); err != nil {
					return err
				}
				if err := part.ask(ctx, a.model); err != nil {
					return fmt.Errorf("part %v: %w", part.in.Rect, err)
				}
				done(part.out)
			}
			return nil
		}, func(p tile.Planar, part tile.Rect) { tile.Paste(q.out, p, part) })
		if err != nil {
			return err
		}
	}
	return nil
}

// ask runs the network on a tile and checks its answer.
func (q question) ask(ctx context.Context, model *session) error {
	if err := model.restore(ctx, q.in.Pix, q.in.Rect.H, q.in.Rect.W, q.out.Pix, q.values); err != nil {
		return err
	}
	return check(q.in, q.out, q.drift)
}

// failures are those of all attempts: an error of one line.
type failures struct {
	names []string
	errs  []error
}

func (f *failures) add(name string, err error) {
	f.names, f.errs = append(f.names, name), append(f.errs, err)
}

func (f *failures) Error() string {
	text := f.errs[0].Error()
	var others []string
	for i, err := range f.errs[1:] {
		others = append(others, fmt.Sprintf("%s: %v", f.names[i+1], err))
	}
	if len(others) > 0 {
		text += "; tried as well: " + strings.Join(others, "; ")
	}
	return strings.Join(strings.Fields(text), " ") // the runtime breaks lines
}

func (f *failures) Unwrap() []error { return f.errs }

// fallbackLog gathers, for one photo, which tiles needed a fallback.
type fallbackLog struct {
	log  *slog.Logger
	note func(text string)

	mu     sync.Mutex
	counts map[string]int
	order  []string
}

// add notes that the tile at place was restored by the fallback named, after err.
func (f *fallbackLog) add(place tile.Rect, used string, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.counts == nil {
		f.counts = map[string]int{}
		if err == nil {
			err = errors.New("there was too little memory before")
		}
		f.log.Warn("tile rejected, fallback used", event.TileFallback.Attr(), "tile", place.String(), "fallback", used, "reason", err)
	}
	if f.counts[used]++; f.counts[used] == 1 {
		f.order = append(f.order, used)
	}
	var parts []string
	for _, name := range f.order {
		parts = append(parts, fmt.Sprintf("%d of the tiles by %s", f.counts[name], name))
	}
	f.note(strings.Join(parts, ", "))
}
