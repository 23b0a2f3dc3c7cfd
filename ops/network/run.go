package network

import (
	"context"
	"fmt"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/network/tile"
)

// job restores the tiles of one photo, a few at a time.
type job struct {
	ctx           context.Context // of the photo: strips are computed after Apply has returned
	devices       *devices
	augmentations int // of a tile, averaged
	strength      float32
	scale         int
	drift         float64
	values        []float64 // of the networks' other inputs
	observe       observer  // nil: nobody
	fallbacks     *fallbackLog
	slots         []slot
}

// slot is the memory of one tile on its way; made when first used.
type slot struct {
	in, out         tile.Planar
	augmented, part tile.Planar // where several answers are averaged
	done            chan error
}

// newJob restores so many tiles at a time.
func (o *Operator) newJob(ctx context.Context, slots int) *job {
	return &job{
		ctx: ctx, devices: o.devices, augmentations: o.tiling.augmentations, strength: float32(o.strengthFor(ctx)), slots: make([]slot, slots),
		scale: o.scale, drift: o.drift, values: valuesOf(ctx).numbers,
		fallbacks: &fallbackLog{log: o.log, note: func(text string) { ops.Note(ctx, "fallback_used", text) }},
	}
}

// restore takes the tiles of the answer, fills what the network sees for each with load, runs the network on it and hands
// it to done, in order. It returns when nothing runs any more.
func (j *job) restore(tiles []tile.Tile, load func(tile.Planar) error, done func(tile.Planar)) (err error) {
	began := time.Now()
	defer func() {
		ops.Recording(j.ctx).Spent(ops.StageRestore, time.Since(began))
	}()
	started := 0
	tiles = over(tiles, j.scale)
	for i := range tiles {
		for ; err == nil && started < min(len(tiles), i+len(j.slots)); started++ {
			j.start(started, tiles[started].Rect, load)
		}
		if i == started { // an error has ended it
			break
		}
		s := &j.slots[i%len(j.slots)]
		if e := <-s.done; err == nil && e != nil {
			err = fmt.Errorf("tile %v: %w", tiles[i].Rect, e)
		}
		if err == nil {
			ops.Recording(j.ctx).RestoredTiles(1)
			done(s.out)
		}
	}
	return err
}

// over are the tiles that the network sees for those of its answer.
func over(tiles []tile.Tile, scale int) []tile.Tile {
	if scale == 1 {
		return tiles
	}
	seen := make([]tile.Tile, len(tiles))
	for i, t := range tiles {
		seen[i] = tile.Tile{Row: t.Row, Col: t.Col, Rect: t.Rect.Over(scale), Core: t.Core.Over(scale)}
	}
	return seen
}

// start sets a slot to work on tile i, which lies at place.
func (j *job) start(i int, place tile.Rect, load func(tile.Planar) error) {
	s := &j.slots[i%len(j.slots)]
	if s.done == nil { // all tiles of a photo have one shape
		s.in, s.out, s.done = tile.NewPlanar(place), tile.NewPlanar(place.Times(j.scale)), make(chan error, 1)
	}
	s.in.Rect, s.out.Rect = place, place.Times(j.scale)
	go func() { s.done <- j.run(s, load) }()
}

func (j *job) run(s *slot, load func(tile.Planar) error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	if err := load(s.in); err != nil {
		return err
	}
	defer ops.Progress(j.ctx)
	if err := j.answer(s); err != nil {
		return err
	}
	if j.observe != nil {
		j.observe(s.in, s.out)
	}
	if j.strength < 1 {
		was := s.in
		if j.scale > 1 {
			was = tile.NewPlanar(s.out.Rect)
			tile.Enlarge(was, s.in, j.scale)
		}
		for i, v := range was.Pix {
			s.out.Pix[i] = v + j.strength*(s.out.Pix[i]-v)
		}
	}
	return nil
}

// answer is the mean of the models' answers to all augmentations of the tile. Each
// is checked by itself.
func (j *job) answer(s *slot) error {
	d := j.devices.take()
	defer j.devices.give(d)
	if len(d.models) == 1 && j.augmentations == 1 {
		return j.ask(d.models[0], s.in, s.out, s.in.Rect)
	}
	if s.augmented.Pix == nil {
		s.augmented.Pix, s.part.Pix = make([]float32, len(s.in.Pix)), make([]float32, len(s.in.Pix))
	}
	clear(s.out.Pix)
	share := 1 / float32(len(d.models)*j.augmentations)
	for i := range j.augmentations {
		s.augmented.Rect = tile.AugmentedRect(s.in.Rect, i)
		s.part.Rect = s.augmented.Rect
		tile.Augment(s.augmented, s.in, i)
		for _, m := range d.models {
			if err := j.ask(m, s.augmented, s.part, s.in.Rect); err != nil {
				return err
			}
			tile.AddInverse(s.out, s.part, i, share)
		}
	}
	return nil
}

// ask restores one tile with one model; place is where it lies, for people.
func (j *job) ask(f *fallbacks, in, out tile.Planar, place tile.Rect) error {
	used, why, err := f.restore(j.ctx, question{in: in, out: out, values: j.values, drift: j.drift})
	if used != "" {
		j.fallbacks.add(place, used, why)
	}
	return err
}
