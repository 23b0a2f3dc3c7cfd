package promptcir

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
	"github.com/burnish-photo/burnish/ops/network/onnx"
	"github.com/burnish-photo/burnish/ops/network/tile"
)

// ladder is what is tried on a window, in order, until an answer passes the
// guard: the model as it is meant to run, full precision where that was less,
// smaller windows, the CPU. It is safe for concurrent use.
type ladder struct {
	rungs []*rung
	// first is the rung to begin with: those before it ran out of memory, and
	// would again.
	first atomic.Int32
}

// rung is one way to restore a window.
type rung struct {
	name   string      // for people
	layout tile.Layout // of the windows that a window is divided into; Size 0: it is not
	open   func() (*shared, error)

	once  sync.Once
	model *shared
	err   error
}

// newLadder begins with model, in half precision where half is true, whose
// windows are those of l. reopen opens the full model otherwise: in full
// precision, or on the CPU. The ladder owns model.
func newLadder(model *shared, half bool, l tile.Layout, reopen func(onnx.Options) (*shared, error), o onnx.Options) *ladder {
	first := &rung{name: o.Device.String(), model: model}
	first.once.Do(func() {})
	l.Fitted = false
	all := &ladder{rungs: []*rung{first}}
	if model.Device().Kind == "cpu" {
		all.add("", l.Smaller(), func() (*shared, error) { model.retain(); return model, nil })
		if model.Proof().Blocks > 0 {
			plain := o
			plain.Plain = true
			all.add("the graph node by node", []tile.Layout{{}}, func() (*shared, error) { return reopen(plain) })
		}
		return all
	}
	if half {
		first.name += " in half precision"
	}
	full := o
	full.FullPrecision, full.Require = true, true
	precise := func() (*shared, error) { return reopen(full) }
	cpu := o
	cpu.Device, cpu.Require = device.CPU, false
	onCPU := func() (*shared, error) { return reopen(cpu) }
	all.add(o.Device.String()+" in full precision", []tile.Layout{{}}, precise)
	all.add(o.Device.String()+" in full precision, ", l.Smaller(), precise)
	all.add("the cpu", []tile.Layout{{}}, onCPU)
	all.add("the cpu, ", l.Smaller(), onCPU)
	return all
}

func (l *ladder) add(name string, layouts []tile.Layout, open func() (*shared, error)) {
	for _, layout := range layouts {
		r := &rung{name: name, layout: layout, open: open}
		if layout.Size > 0 {
			r.name += fmt.Sprintf("windows of %d pixels", layout.Size)
		}
		l.rungs = append(l.rungs, r)
	}
}

// restore fills out with the first answer to in that passes the guard. rescued
// is the rung that it took where that was not the usual one, and why.
func (l *ladder) restore(ctx context.Context, in, out tile.Planar) (rescued string, why, err error) {
	var tried attempts
	first := int(l.first.Load())
	for i := first; i < len(l.rungs); i++ {
		r := l.rungs[i]
		err := r.restore(ctx, in, out)
		if err == nil {
			if i == 0 {
				return "", nil, nil
			}
			return r.name, errors.Join(tried.errs...), nil
		}
		if ctx.Err() != nil {
			return "", nil, err
		}
		tried.add(r.name, err)
		if onnx.OutOfMemory(err) && i+1 < len(l.rungs) {
			l.first.CompareAndSwap(int32(i), int32(i+1))
		}
	}
	return "", nil, ops.Shared(&tried)
}

// close gives back every model that was opened.
func (l *ladder) close() error {
	var errs []error
	for _, r := range l.rungs {
		r.once.Do(func() {})
		if r.model != nil {
			errs = append(errs, r.model.release())
		}
		r.model, r.err = nil, errClosed
	}
	return errors.Join(errs...)
}

var errClosed = errors.New("the operator is closed")

func (r *rung) restore(ctx context.Context, in, out tile.Planar) error {
	r.once.Do(func() { r.model, r.err = r.open() })
	if r.err != nil {
		return r.err
	}
	if r.layout.Size == 0 {
		return restoreWindow(ctx, r.model, in, out)
	}
	return r.divided(ctx, in, out)
}

// divided restores a window in smaller ones.
func (r *rung) divided(ctx context.Context, in, out tile.Planar) error {
	home := tile.Rect{W: in.Rect.W, H: in.Rect.H}
	in.Rect, out.Rect = home, home
	plan := r.layout.Plan(home.W, home.H)
	stitcher := tile.NewStitcher(plan)
	w, h := plan.WindowSize()
	part, answer := tile.NewPlanar(tile.Rect{W: w, H: h}), tile.NewPlanar(tile.Rect{W: w, H: h})
	for k := range plan.Strips() {
		err := stitcher.Strip(k, func(tiles []tile.Tile, done func(tile.Planar)) error {
			for _, t := range tiles {
				part.Rect, answer.Rect = t.Window, t.Window
				if err := tile.Cut(part, in); err != nil {
					return err
				}
				if err := restoreWindow(ctx, r.model, part, answer); err != nil {
					return fmt.Errorf("part %v: %w", t.Window, err)
				}
				done(answer)
			}
			return nil
		}, func(p tile.Planar, part tile.Rect) { tile.Paste(out, p, part) })
		if err != nil {
			return err
		}
	}
	return nil
}

// restoreWindow runs the network on a window and guards its answer.
func restoreWindow(ctx context.Context, model *shared, in, out tile.Planar) error {
	c := model.Contract()
	low, scale := c.RangeLow, c.RangeHigh-c.RangeLow
	rescale(in.Pix, scale, low)
	err := model.restore(ctx, in.Pix, in.Rect.H, in.Rect.W, out.Pix)
	rescale(in.Pix, 1/scale, -low/scale)
	if err != nil {
		return err
	}
	rescale(out.Pix, 1/scale, -low/scale)
	return guard(in, out)
}

// rescale maps v to a·v + b.
func rescale(v []float32, a, b float32) {
	if a == 1 && b == 0 {
		return
	}
	for i := range v {
		v[i] = a*v[i] + b
	}
}

// attempts are the failures of all rungs of a ladder: an error of one line.
type attempts struct {
	names []string
	errs  []error
}

func (a *attempts) add(name string, err error) {
	a.names, a.errs = append(a.names, name), append(a.errs, err)
}

func (a *attempts) Error() string {
	text := a.errs[0].Error()
	var others []string
	for i, err := range a.errs[1:] {
		others = append(others, fmt.Sprintf("%s: %v", a.names[i+1], err))
	}
	if len(others) > 0 {
		text += "; tried as well: " + strings.Join(others, "; ")
	}
	return strings.Join(strings.Fields(text), " ") // the runtime breaks lines
}

func (a *attempts) Unwrap() []error { return a.errs }

// rescues gathers, for one photo, which windows needed another rung.
type rescues struct {
	log  *slog.Logger
	note func(text string)

	mu     sync.Mutex
	counts map[string]int
	order  []string
}

// add notes that a window was restored by the rung named, after err.
func (r *rescues) add(window tile.Rect, by string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.counts == nil {
		r.counts = map[string]int{}
		if err == nil {
			err = errors.New("there was too little memory before")
		}
		r.log.Warn("the network misbehaved; the window was restored otherwise", "window", window.String(), "by", by, "reason", err)
	}
	if r.counts[by]++; r.counts[by] == 1 {
		r.order = append(r.order, by)
	}
	var parts []string
	for _, name := range r.order {
		parts = append(parts, fmt.Sprintf("%d of the windows by %s", r.counts[name], name))
	}
	r.note(strings.Join(parts, ", "))
}
