package process

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops"
)

// operator is a step with a declared operator. It is an [io.Closer].
type operator struct {
	pool        *pool
	values      map[string]any
	own, system string // digests of the program's files
	inMemory    int64
	scratch     string
}

var _ io.Closer = (*operator)(nil)

// Fingerprint covers the program's own files.
func (o *operator) Fingerprint() string { return o.own }

// BuildFingerprint covers those of the system, such as an interpreter.
func (o *operator) BuildFingerprint() string { return o.system }

// Describe names the program.
func (o *operator) Describe() string {
	return fmt.Sprintf("%s runs %s", o.pool.name, strings.Join(o.pool.declaration.Command, " "))
}

// EstimateCost is the memory of a result on its way.
func (o *operator) EstimateCost(width, height, pixel int) ops.Cost {
	whole := int64(width) * int64(height) * int64(pixel)
	return ops.Cost{Bytes: 2*min(whole, o.inMemory) + 16<<20}
}

// Close ends the program's processes once no operator uses them.
func (o *operator) Close() error {
	o.pool.close()
	return nil
}

const heartbeat = 5 * time.Second

// Apply gives the program the photo and returns its answer. In a dry run it
// returns the photo.
func (o *operator) Apply(ctx context.Context, in []ops.Image) (ops.Image, error) {
	if ops.Dry(ctx) {
		return in[0].With(in[0].Pixels.Ref()), nil
	}
	beats, stop := context.WithCancel(ctx)
	defer stop()
	go func() { // the timeout bounds how long this goes on
		for tick := time.NewTicker(heartbeat); ; {
			select {
			case <-beats.Done():
				tick.Stop()
				return
			case <-tick.C:
				ops.Progress(ctx)
			}
		}
	}()
	s, err := o.pool.take(ctx)
	if err != nil {
		return ops.Image{}, err
	}
	out, ok, err := s.photo(ctx, o, in[0])
	o.pool.give(s, ok, err)
	if err != nil {
		return ops.Image{}, err
	}
	ops.Note(ctx, "program", strings.TrimSpace(clip(s.ready.Name)+" "+clip(s.ready.Version)))
	return in[0].With(out), nil
}
