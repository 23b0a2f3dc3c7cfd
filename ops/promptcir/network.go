package promptcir

import (
	"context"
	"fmt"

	"github.com/burnish-photo/burnish/ops/promptcir/tile"
)

// network restores the windows of one photo, a few at a time.
type network struct {
	ctx     context.Context // of the photo: strips are computed after Apply has returned
	ladder  *ladder
	rescues *rescues
	slots   []slot
}

// slot is the memory of one window on its way; made when first used.
type slot struct {
	in, out tile.Planar
	done    chan error
}

func newNetwork(ctx context.Context, l *ladder, r *rescues, runs int, plan tile.Plan) *network {
	return &network{ctx: ctx, ladder: l, rescues: r, slots: make([]slot, min(runs, plan.Cols()))}
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
	by, why, err := n.ladder.restore(n.ctx, s.in, s.out)
	if by != "" {
		n.rescues.add(s.in.Rect, by, why)
	}
	return err
}
