package opstest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/burnish-photo/burnish/ops/vips"
)

// together tries several photos at a time: each comes out as alone.
func (u *suite) together(ctx context.Context) Finding {
	f := Finding{Check: "several photos at a time"}
	p, err := kinds[0].photo()
	if err != nil {
		f.Err = err
		return f
	}
	defer p.Close()
	alone, err := u.apply(ctx, p)
	if err != nil {
		f.Refused = append(f.Refused, err.Error())
		return f
	}
	defer alone.Close()
	const most = 4
	errs := make([]error, most)
	var wait sync.WaitGroup
	for i := range most {
		wait.Go(func() {
			out, err := u.apply(ctx, p)
			if err == nil {
				err = same(alone, out)
				out.Close()
			}
			errs[i] = err
		})
	}
	wait.Wait()
	f.Err = errors.Join(errs...)
	return f
}

// soon is how long an operator may go on once nobody waits for it.
const soon = 10 * time.Second

// cancelled tries a photo that is not wanted any more before it begins.
func (u *suite) cancelled(ctx context.Context) Finding {
	f := Finding{Check: "cancellation"}
	p, err := kinds[0].photo()
	if err != nil {
		f.Err = err
		return f
	}
	defer p.Close()
	ended, cancel := context.WithCancel(ctx)
	cancel()
	began := time.Now()
	out, err := u.apply(ended, p)
	switch d := time.Since(began); {
	case err == nil:
		out.Close()
		f.Err = errors.New("it makes a result although its context has ended")
	case d > soon:
		f.Err = fmt.Errorf("it goes on for %s after its context has ended", d.Round(time.Millisecond))
	}
	return f
}

// midway cancels a large photo while it is under way.
func (u *suite) midway(ctx context.Context) Finding {
	f := Finding{Check: "cancellation of a large photo"}
	p, err := streamed(2000, 8000)
	if err != nil {
		f.Err = err
		return f
	}
	defer p.Close()
	halted, cancel := context.WithCancel(ctx)
	defer cancel()
	var ended time.Time
	stop := time.AfterFunc(50*time.Millisecond, func() {
		ended = time.Now()
		cancel()
	})
	out, err := u.apply(halted, p)
	if err == nil {
		out.Close()
	}
	if stop.Stop() { // it was done before
		return f
	}
	<-halted.Done()
	if d := time.Since(ended); d > soon {
		f.Err = fmt.Errorf("it goes on for %s after its context has ended", d.Round(time.Millisecond))
	}
	return f
}

// bounded watches the memory of libvips while a tall photo streams through.
func (u *suite) bounded(ctx context.Context) Finding {
	f := Finding{Check: "memory of a large photo"}
	sequential := u.Spec.Sequential
	if !sequential {
		f.Refused = append(f.Refused, "it reads photos in any order, so they are kept whole for it")
		return f
	}
	const width, height = 600, 60_000
	p, err := streamed(width, height)
	if err != nil {
		f.Err = err
		return f
	}
	defer p.Close()
	before, _ := vips.Memory()
	most, watched := before, make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(watched)
		for tick := time.NewTicker(2 * time.Millisecond); ; {
			select {
			case <-ended:
				tick.Stop()
				return
			case <-tick.C:
				now, _ := vips.Memory()
				most = max(most, now)
			}
		}
	}()
	out, err := u.operator.Apply(ctx, u.inputs(p))
	if err == nil {
		err = out.Pixels.Drain(ctx)
		out.Close()
	}
	close(ended)
	<-watched
	if err != nil {
		f.Refused = append(f.Refused, err.Error())
		f.Err = clean(err)
		return f
	}
	if held, whole := most-before, int64(width*height*3); held > whole/2 {
		f.Err = fmt.Errorf("it holds %d MB while a photo of %d MB goes through it", held>>20, whole>>20)
	}
	return f
}
