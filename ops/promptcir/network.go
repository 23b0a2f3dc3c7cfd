package promptcir

import (
	"context"
	"fmt"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/network/tile"
)

// network restores the windows of one photo, a few at a time.
type network struct {
	ctx      context.Context // of the photo: strips are computed after Apply has returned
	operator *operator
	turns    int // of a window, averaged
	strength float32
	observe  func(in, out tile.Planar) // sees every window with its answer, of several goroutines; nil: nobody
	rescues  *rescues
	slots    []slot
}

// slot is the memory of one window on its way; made when first used.
type slot struct {
	in, out      tile.Planar
	turned, part tile.Planar // where several answers are averaged
	done         chan error
}

func (o *operator) newNetwork(ctx context.Context, d division) *network {
	return &network{
		ctx: ctx, operator: o, turns: o.windows.turns, strength: float32(o.strength),
		rescues: o.newRescues(ctx), slots: make([]slot, min(o.runs(), d.cols)),
	}
}

func (o *operator) newRescues(ctx context.Context) *rescues {
	return &rescues{log: o.log, note: func(text string) { ops.Note(ctx, "rescued", text) }}
}

// restore fills each tile's window with load, runs the network on it and hands
// it to done, in order. It returns when nothing runs any more.
func (n *network) restore(tiles []tile.Tile, load func(tile.Planar) error, done func(tile.Planar)) (err error) {
	started := 0
	for i := range tiles {
		for ; err == nil && started < min(len(tiles), i+len(n.slots)); started++ {
			n.start(started, tiles[started].Window, load)
		}
		if i == started { // an error has ended it
			break
		}
		s := &n.slots[i%len(n.slots)]
		if e := <-s.done; err == nil && e != nil {
			err = fmt.Errorf("window %v: %w", tiles[i].Window, e)
		}
		if err == nil {
			done(s.out)
		}
	}
	return err
}

// start sets a slot to work on window i.
func (n *network) start(i int, window tile.Rect, load func(tile.Planar) error) {
	s := &n.slots[i%len(n.slots)]
	if s.done == nil { // all windows of a photo have one shape
		s.in, s.out, s.done = tile.NewPlanar(window), tile.NewPlanar(window), make(chan error, 1)
	}
	s.in.Rect, s.out.Rect = window, window
	go func() { s.done <- n.run(s, load) }()
}

func (n *network) run(s *slot, load func(tile.Planar) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	if err := load(s.in); err != nil {
		return err
	}
	defer ops.Progress(n.ctx)
	if err := n.answer(s); err != nil {
		return err
	}
	if n.observe != nil {
		n.observe(s.in, s.out)
	}
	if n.strength < 1 {
		for i, v := range s.in.Pix {
			s.out.Pix[i] = v + n.strength*(s.out.Pix[i]-v)
		}
	}
	return nil
}

// answer is the mean of the models' answers to all turns of the window. Each is
// guarded by itself.
func (n *network) answer(s *slot) error {
	lane := n.operator.take()
	defer n.operator.give(lane)
	ladders := lane.ladders
	if len(ladders) == 1 && n.turns == 1 {
		return n.ask(ladders[0], s.in, s.out, s.in.Rect)
	}
	if s.turned.Pix == nil {
		s.turned.Pix, s.part.Pix = make([]float32, len(s.in.Pix)), make([]float32, len(s.in.Pix))
	}
	clear(s.out.Pix)
	share := 1 / float32(len(ladders)*n.turns)
	for t := range n.turns {
		s.turned.Rect = tile.Turned(s.in.Rect, t)
		s.part.Rect = s.turned.Rect
		tile.Turn(s.turned, s.in, t)
		for _, l := range ladders {
			if err := n.ask(l, s.turned, s.part, s.in.Rect); err != nil {
				return err
			}
			tile.AddTurnedBack(s.out, s.part, t, share)
		}
	}
	return nil
}

// ask restores one window with one model; place is where it lies, for people.
func (n *network) ask(l *ladder, in, out tile.Planar, place tile.Rect) error {
	by, why, err := l.restore(n.ctx, in, out)
	if by != "" {
		n.rescues.add(place, by, why)
	}
	return err
}
