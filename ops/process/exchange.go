package process

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/process/wire"
	"github.com/burnish-photo/burnish/ops/vips"
)

// photo gives the program a photo and takes its answer. Where ok is false, the
// program has been ended.
func (s *session) photo(ctx context.Context, o *operator, in ops.Image) (out *vips.Image, ok bool, err error) {
	x, err := newExchange(in.Pixels, s.ready)
	if err != nil {
		return nil, true, err
	}
	s.photos++
	limit := o.pool.declaration.Timeout
	var late atomic.Bool
	timeout := time.AfterFunc(limit, func() {
		late.Store(true)
		s.program.End()
	})
	defer timeout.Stop()
	t := &turn{session: s, operator: o, in: in, exchange: x}
	err = t.take(ctx)
	if err == nil {
		out, err = t.answer.image(t.alpha, in.Pixels)
		return out, true, err
	}
	if t.alpha != nil {
		t.alpha.close()
	}
	if late.Load() {
		return nil, false, ops.Fatal(fmt.Errorf("the program took longer than %s (operators.%s.timeout)", limit, o.pool.name))
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if t.whole {
		return nil, true, err
	}
	bad := misbehaviour{}
	if !errors.As(err, &bad) {
		s.program.End()
		return nil, false, err
	}
	return nil, false, ops.Fatal(fmt.Errorf("the program failed on this photo: %w", s.ended(bad.error)))
}

// turn is one photo on its way through a program: its pixels are written while
// the answer is read.
type turn struct {
	session  *session
	operator *operator
	in       ops.Image
	exchange exchange
	answer   *answer
	alpha    *store
	state    atomic.Int32
	done     chan struct{} // closed when nothing of the photo is under way
	whole    bool          // the answer, if only an error, was read to its end, and all that was begun was sent
}

// take sends and receives. It returns when nothing of the photo is under way.
func (t *turn) take(ctx context.Context) error {
	if t.exchange.held {
		size := int64(t.exchange.width*t.exchange.size) * int64(t.exchange.height)
		alpha, err := newStore(size, t.operator.inMemory, t.operator.scratch)
		if err != nil {
			t.whole = true
			return err
		}
		t.alpha = alpha
	}
	t.answer = &answer{
		in: t.session.in, id: t.session.photos, exchange: t.exchange, resizes: t.session.ready.Resizes,
		inMemory: t.operator.inMemory, scratch: t.operator.scratch,
	}
	sending, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	received := make(chan error, 1)
	t.session.resting = false
	go func() {
		err := <-t.session.peeked
		if err == nil {
			err = t.answer.receive(ctx)
		} else {
			err = misbehaviour{err}
		}
		if err != nil {
			stop(err) // nobody reads what is sent further
		}
		received <- err
	}()
	t.done = make(chan struct{})
	defer close(t.done)
	defer context.AfterFunc(ctx, t.expire)()
	complete, err := t.send(sending)
	if complete && (ctx.Err() != nil || err != nil && context.Cause(sending) == nil) {
		err = errors.Join(err, wire.Write(t.session.program, wire.Cancel{Type: wire.TypeCancel, ID: t.answer.id}, 0))
	}
	switch {
	case err != nil && !complete && !errors.Is(err, syscall.EPIPE): // it waits for the rest
		t.session.program.End()
	case err != nil: // what it has said before it ended is read
		go t.expire()
	}
	answered := <-received
	t.whole = t.state.CompareAndSwap(underway, over) && complete && answeredWhole(answered)
	if answered != nil && !errors.Is(answered, errCancelled) && !errors.As(err, new(upstream)) {
		return answered
	}
	if err == nil {
		return answered
	}
	if answered == nil {
		t.answer.pixels.close()
	}
	return err
}

// The states of a turn.
const (
	underway = iota
	over
	expired // the program has been ended
)

// expire ends the program unless it answers soon.
func (t *turn) expire() {
	select {
	case <-t.done:
	case <-time.After(cancelGrace):
	}
	if t.state.CompareAndSwap(underway, expired) {
		t.session.program.End()
	}
}

// answeredWhole reports whether an answer was read to its end: a result was, and
// an error that the program gave, but not what failed here in between.
func answeredWhole(err error) bool {
	return err == nil || errors.As(err, new(spoken)) || errors.Is(err, errCancelled)
}

// upstream is an error of what makes the photo's pixels.
type upstream struct{ error }

func (u upstream) Unwrap() error { return u.error }

// send writes the photo. complete says that no frame was left half written.
func (t *turn) send(ctx context.Context) (complete bool, err error) {
	sent := t.exchange.sent
	message := wire.Photo{Type: wire.TypePhoto, ID: t.answer.id, Parameters: t.operator.values, Layout: sent}
	if s := t.in.Source; s != nil {
		message.Page = s.Page
		message.Source = wire.Source{Name: filepath.Base(s.Path), Format: s.Format, Width: s.Width, Height: s.Height, Orientation: s.Orientation}
		if !s.Taken.IsZero() {
			message.Source.Taken = s.Taken.Format(time.RFC3339)
		}
	}
	w := t.session.program
	whole := int64(sent.Row()) * int64(sent.Height)
	switch sent.Format {
	case wire.FormatPNG, wire.FormatTIFF:
		return t.sendFile(ctx, message)
	case wire.FormatPPM:
		header := ppmHeader(sent)
		if err := wire.Write(w, message, int64(len(header))+whole); err != nil {
			return false, err
		}
		if _, err := w.Write(header); err != nil {
			return false, err
		}
		err := t.each(ctx, func(_, _ int, rows []byte) error {
			if sent.Depth == 16 {
				swapped(rows)
			}
			_, err := w.Write(rows)
			return err
		})
		return err == nil, err
	}
	if !t.session.ready.Streams {
		if err := wire.Write(w, message, whole); err != nil {
			return false, err
		}
		err := t.each(ctx, func(_, _ int, rows []byte) error {
			_, err := w.Write(rows)
			return err
		})
		return err == nil, err
	}
	return t.stream(ctx, message)
}

// stream writes rows in messages of their own.
func (t *turn) stream(ctx context.Context, message wire.Photo) (complete bool, err error) {
	w := t.session.program
	complete = true
	write := func(message any, body []byte) error {
		complete = false
		if err := wire.Write(w, message, int64(len(body))); err != nil {
			return err
		}
		if _, err := w.Write(body); err != nil {
			return err
		}
		complete = true
		return nil
	}
	if err := write(message, nil); err != nil {
		return complete, err
	}
	err = t.each(ctx, func(y, n int, rows []byte) error {
		return write(wire.Rows{Type: wire.TypeRows, ID: message.ID, Y: y, Rows: n}, rows)
	})
	return complete, err
}

// each calls do with the rows that are sent, as the program takes them.
func (t *turn) each(ctx context.Context, do func(y, n int, rows []byte) error) error {
	x := t.exchange
	size := x.sent.Row()
	var room, held []byte
	var failed error
	err := eachRows(ctx, t.in.Pixels, func(in vips.Rows) error {
		room = room[:0]
		for y := in.Top; y < in.Top+in.Height; y++ {
			row := in.Row(y)
			if x.held {
				held = grown(held[:0], x.width*x.size)
				x.hold(held, row)
				if _, failed = t.alpha.Write(held); failed != nil {
					return failed
				}
			}
			room = grown(room, size)
			if x.plain() {
				copy(room[len(room)-size:], row)
			} else {
				x.encode(room[len(room)-size:], row)
			}
		}
		failed = do(in.Top, in.Height, room)
		return failed
	})
	if failed != nil {
		return failed
	}
	if err != nil && ctx.Err() == nil {
		return upstream{err}
	}
	return err
}

// grown is list with n more bytes.
func grown(list []byte, n int) []byte {
	if cap(list)-len(list) < n {
		list = append(make([]byte, 0, 2*cap(list)+n), list...)
	}
	return list[:len(list)+n]
}

// sendFile writes the photo as a PNG or TIFF.
func (t *turn) sendFile(ctx context.Context, message wire.Photo) (complete bool, err error) {
	name, clean, err := t.encoded(ctx)
	if err != nil {
		return true, err
	}
	defer clean()
	f, err := os.Open(name)
	if err != nil {
		return true, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return true, err
	}
	if err := wire.Write(t.session.program, message, info.Size()); err != nil {
		return false, err
	}
	_, err = io.Copy(t.session.program, f)
	return err == nil, err
}

// encoded is a file of what is sent, which clean removes.
func (t *turn) encoded(ctx context.Context) (name string, clean func(), err error) {
	sent := t.exchange.sent
	keep, err := newStore(int64(sent.Row())*int64(sent.Height), t.operator.inMemory, t.operator.scratch)
	if err != nil {
		return "", nil, err
	}
	if err := t.each(ctx, func(_, _ int, rows []byte) error {
		_, err := keep.Write(rows)
		return err
	}); err != nil {
		keep.close()
		return "", nil, err
	}
	p, err := keep.layout(sent)
	if err != nil {
		return "", nil, err
	}
	defer p.Close()
	dir, err := os.MkdirTemp(t.operator.scratch, "burnish-operator-")
	if err != nil {
		return "", nil, err
	}
	name = filepath.Join(dir, "photo."+sent.Format)
	saver, args := "pngsave", vips.Args{"compression": 1}
	if sent.Format == wire.FormatTIFF {
		saver, args = "tiffsave", vips.Args{}
	}
	if err := p.SaveContext(ctx, saver, name, args); err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	return name, func() { os.RemoveAll(dir) }, nil
}
