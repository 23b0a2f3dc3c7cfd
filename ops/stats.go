package ops

import (
	"cmp"
	"context"
	"maps"
	"sync"
	"time"
)

// Stage is a part of a photo's processing whose time is measured.
type Stage string

// The stages. Images are computed on demand: Decode is making the pixels that
// networks read, by the decoder and the steps before. Encode includes the steps
// and the decoding that no network is fed by.
const (
	StageAdmission Stage = "admission" // waiting for its turn and for memory
	StageDecode    Stage = "decode"    // the pixels that networks read
	StageRestore   Stage = "restore"   // in networks
	StageEncode    Stage = "encode"    // making the outputs' files
	StageVerify    Stage = "verify"    // reading them back
)

// Stages lists the stages in their order.
func Stages() []Stage {
	return []Stage{StageAdmission, StageDecode, StageRestore, StageEncode, StageVerify}
}

// Fallback is the kind of a second way to restore a tile.
type Fallback string

// The kinds of fallbacks.
const (
	FallbackSmallerTiles  Fallback = "smaller_tiles"
	FallbackUnfused       Fallback = "unfused" // without fused kernels
	FallbackFullPrecision Fallback = "full_precision"
	FallbackCPU           Fallback = "cpu"
)

// Fallbacks lists the kinds of fallbacks.
func Fallbacks() []Fallback {
	return []Fallback{FallbackSmallerTiles, FallbackUnfused, FallbackFullPrecision, FallbackCPU}
}

// Stats are figures of one photo.
type Stats struct {
	Pixels    int64                   `json:"pixels,omitempty"`     // of the photo, its first page
	BytesRead int64                   `json:"bytes_read,omitempty"` // size of the photo's file
	Damage    *float64                `json:"damage,omitempty"`     // by JPEG compression, from 0 to 1, as of condition's "damage"; nil where it was not measured
	Tiles     int64                   `json:"tiles,omitempty"`      // that networks restored
	Hits      int64                   `json:"cache_hits,omitempty"` // results of networks that were kept
	Misses    int64                   `json:"cache_misses,omitempty"`
	Fallbacks map[Fallback]int64      `json:"fallbacks,omitempty"` // tiles that needed one
	Stages    map[Stage]time.Duration `json:"stages,omitempty"`    // nanoseconds
}

// Recorder gathers the Stats of one photo. The zero value is ready; it is safe
// for concurrent use. A nil one records nothing.
type Recorder struct {
	mu       sync.Mutex
	stats    Stats
	expected int64     // tiles
	stage    Stage     // that began last
	fraction float64   // of it that is done
	outer    *Recorder // hears of everything as well
}

type recorderKey struct{}

// WithRecorder makes r the recorder of [Recording] below ctx. One that ctx has
// already goes on to hear of everything: a host follows a photo by it.
func WithRecorder(ctx context.Context, r *Recorder) context.Context {
	if outer := Recording(ctx); outer != r {
		r.mu.Lock()
		r.outer = outer
		r.mu.Unlock()
	}
	return context.WithValue(ctx, recorderKey{}, r)
}

// Recording is the recorder of the photo that ctx belongs to, or nil.
func Recording(ctx context.Context) *Recorder {
	r, _ := ctx.Value(recorderKey{}).(*Recorder)
	return r
}

// Source sets what is known of the photo's file.
func (r *Recorder) Source(pixels, bytes int64) {
	r.update(func(s *Stats) { s.Pixels, s.BytesRead = pixels, bytes })
}

// Spent adds time to a stage.
func (r *Recorder) Spent(stage Stage, d time.Duration) {
	r.update(func(s *Stats) {
		if s.Stages == nil {
			s.Stages = map[Stage]time.Duration{}
		}
		s.Stages[stage] += d
	})
}

// Damaged sets how much JPEG compression has done to the photo, from 0 to 1. The
// larger of two measures counts: each sees what the other does not.
func (r *Recorder) Damaged(damage float64) {
	r.update(func(s *Stats) {
		if s.Damage == nil || *s.Damage < damage {
			s.Damage = &damage
		}
	})
}

// RestoredTiles counts tiles.
func (r *Recorder) RestoredTiles(n int) { r.update(func(s *Stats) { s.Tiles += int64(n) }) }

// Recalled counts a result that was kept, or that would have been looked for in
// vain.
func (r *Recorder) Recalled(hit bool) {
	r.update(func(s *Stats) {
		if hit {
			s.Hits++
		} else {
			s.Misses++
		}
	})
}

// ExpectTiles adds to the tiles that networks are going to restore.
func (r *Recorder) ExpectTiles(n int) {
	r.reach(func(r *Recorder) { r.expected += int64(n) })
}

// Tiles are those that networks have restored, and those expected so far.
func (r *Recorder) Tiles() (restored, expected int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.stats.Tiles, r.expected
}

// Begin says that a stage begins, and tells of progress. Restoring needs none: its
// tiles tell.
func Begin(ctx context.Context, stage Stage) {
	Recording(ctx).reach(func(r *Recorder) { r.stage, r.fraction = stage, 0 })
	Progress(ctx)
}

// reach changes how far the work is, here and for those that hear of it.
func (r *Recorder) reach(f func(*Recorder)) {
	for ; r != nil; r = r.outer {
		r.mu.Lock()
		f(r)
		r.mu.Unlock()
	}
}

// Progress is the stage that the work is in, and the fraction of it that is done,
// from 0 to 1, as far as that is known. While tiles are to be restored, that is
// the stage.
func (r *Recorder) Progress() (Stage, float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if done := r.stats.Tiles; done < r.expected {
		return StageRestore, float64(done) / float64(r.expected)
	}
	return cmp.Or(r.stage, StageAdmission), r.fraction
}

// FellBack counts a tile that needed a fallback.
func (r *Recorder) FellBack(kind Fallback) {
	r.update(func(s *Stats) {
		if s.Fallbacks == nil {
			s.Fallbacks = map[Fallback]int64{}
		}
		s.Fallbacks[kind]++
	})
}

// Stats is a copy of what was recorded.
func (r *Recorder) Stats() (s Stats) {
	if r == nil {
		return s
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	s = r.stats
	s.Fallbacks, s.Stages = maps.Clone(s.Fallbacks), maps.Clone(s.Stages)
	return s
}

// update changes what is recorded, here and by those that hear of it.
func (r *Recorder) update(f func(*Stats)) {
	for ; r != nil; r = r.outer {
		r.mu.Lock()
		f(&r.stats)
		r.mu.Unlock()
	}
}
