package network

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/network/kernels"
	"github.com/burnish-photo/burnish/ops/vips"
)

// results are those that are kept from run to run.
type results struct {
	cache    ops.Cache // nil: none
	inMemory int64     // bytes of a photo that may stay in memory
	scratch  string
}

// key names the result of a run: that of the step, on these devices, by kernels that round
// or do not, from pixels of this libvips. It is "" where none is kept.
func (o *Operator) key(ctx context.Context) string {
	step := ops.Step(ctx)
	if step == "" || o.results.cache == nil {
		return ""
	}
	text := fmt.Sprintf("%s %g %s %s", step, o.strengthFor(ctx), o.devices, vips.Version())
	if sets, err := kernels.Choose(""); err == nil && len(sets) > 0 && kernels.Rounds(sets[0]) {
		text += " " + sets[0]
	}
	if numbers := valuesOf(ctx).numbers; len(numbers) > 0 {
		text += fmt.Sprint(" ", numbers)
	}
	digest := sha256.Sum256([]byte(text))
	return hex.EncodeToString(digest[:])
}

// find is the result that was kept, with what was noted then.
func (s results) find(ctx context.Context, key string, in ops.Image, scale int) (out ops.Image, ok bool) {
	kept, ok := s.cache.Get(ctx, key)
	if ok {
		out, ok = recalled(kept, in, scale)
	}
	ops.Recording(ctx).Recalled(ok)
	if !ok {
		return ops.Image{}, false
	}
	for name, text := range kept.Notes {
		ops.Note(ctx, name, text)
	}
	return out, true
}

// recalled is in with the pixels that were kept, which it takes over.
func recalled(kept ops.Cached, in ops.Image, scale int) (ops.Image, bool) {
	if kept.Pixels == nil {
		return in.Same(), true
	}
	defer kept.Pixels.Close()
	like, err := readable(in.Pixels)
	if err != nil {
		return ops.Image{}, false
	}
	defer like.Close()
	if p := kept.Pixels; p.Width() != like.Width()*scale || p.Height() != like.Height()*scale || p.Bands() != like.Bands() || p.Format() != like.Format() {
		return ops.Image{}, false
	}
	pixels, err := kept.Pixels.Like(like)
	if err != nil {
		return ops.Image{}, false
	}
	return in.With(pixels).At(in.Frame), true
}

// make computes a result at once and keeps it.
func (s results) make(ctx context.Context, key string, apply func(context.Context) (ops.Image, error)) (ops.Image, error) {
	var notes ops.Notes
	out, err := apply(ops.WithNotes(ctx, &notes))
	defer func() {
		for name, text := range notes.All() {
			ops.Note(ctx, name, text)
		}
	}()
	if err != nil {
		return ops.Image{}, err
	}
	if out.Unchanged {
		s.put(ctx, key, ops.Cached{Notes: notes.All()})
		return out, nil
	}
	defer out.Close()
	whole, err := out.Pixels.Materialise(ctx, s.inMemory, s.scratch)
	if err != nil {
		return ops.Image{}, err
	}
	made := out
	made.Pixels = whole
	s.put(ctx, key, ops.Cached{Pixels: whole, Notes: notes.All()})
	return made, nil
}

// put keeps a result, unless the file that it was computed of may be another than
// the key says.
func (s results) put(ctx context.Context, key string, kept ops.Cached) {
	if ops.SourceUnchanged(ctx) == nil {
		s.cache.Put(ctx, key, kept)
	}
}
