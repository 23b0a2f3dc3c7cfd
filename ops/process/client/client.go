// Package client makes an operator of a program in Go: it speaks the protocol of
// Burnish's external operators on standard input and output. It needs neither
// cgo nor libvips.
//
//	func main() {
//		client.Main(client.Operator{
//			Name: "negative", Version: "1", Depths: []int{8, 16},
//			Rows: func(p *client.Photo, y int, rows []byte) error {
//				for i := range rows {
//					rows[i] = ^rows[i]
//				}
//				return nil
//			},
//		})
//	}
package client

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/burnish-photo/burnish/ops/process/wire"
)

// Operator describes a program and does its work. Either Rows or Whole is set.
type Operator struct {
	Name       string
	Version    string // raise it whenever the same parameters make other pixels
	Parameters []wire.Parameter
	Depths     []int // bits of a sample: 8, 16, or 32 for floats from 0 to 1; none: 8
	Bands      []int // 1 gray, 3 RGB, 4 CMYK; none: 1 and 3
	Alpha      bool  // transparency comes as one more band
	Resizes    bool  // Whole may change the photo's width and height

	// Rows changes rows of a photo in place: it gets each row once, from the top
	// down, several at a time, whatever the photo's size.
	Rows func(p *Photo, y int, rows []byte) error
	// Whole changes Pixels of a photo, all rows at once, and may replace them
	// together with Width and Height.
	Whole func(ctx context.Context, p *Photo) error
}

// Photo is a photo on its way.
type Photo struct {
	wire.Photo
	Pixels []byte // of Whole: rows without padding
}

// Number is a parameter that is a number; 0 where it is none.
func (p *Photo) Number(name string) float64 {
	x, _ := p.Parameters[name].(float64)
	return x
}

// Text is a parameter that is a string; "" where it is none.
func (p *Photo) Text(name string) string {
	s, _ := p.Parameters[name].(string)
	return s
}

// Refuse is an error for a photo that nothing can be made of; hint says what to
// do about it, or is "". All other errors count as the program's.
func Refuse(hint, format string, args ...any) error {
	return &refusal{fmt.Errorf(format, args...), hint}
}

type refusal struct {
	error
	hint string
}

// Main serves photos until Burnish ends the program. It returns only after an
// error of the connection, which it has printed.
func Main(o Operator) {
	if err := Serve(o, os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, o.Name+":", err)
		os.Exit(1)
	}
}

// Serve serves photos until r ends.
func Serve(o Operator, r io.Reader, w io.Writer) error {
	s := &server{operator: o, in: bufio.NewReaderSize(r, 1<<16), out: bufio.NewWriterSize(w, 1<<16)}
	for {
		f, err := wire.Read(s.in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = s.handle(f)
		}
		if err == nil {
			err = s.out.Flush()
		}
		if err != nil {
			return err
		}
	}
}

// server is one connection.
type server struct {
	operator Operator
	in       *bufio.Reader
	out      *bufio.Writer
}

func (s *server) handle(f wire.Frame) error {
	switch f.Type {
	case wire.TypeHello:
		return s.hello(f)
	case wire.TypePhoto:
		return s.photo(f)
	}
	_, err := io.CopyN(io.Discard, s.in, f.Body) // of a photo that has ended, or not known
	return err
}

func (s *server) hello(f wire.Frame) error {
	var h wire.Hello
	if err := f.Decode(&h); err != nil {
		return err
	}
	if h.Protocol != wire.Protocol {
		return fmt.Errorf("the protocol must be version %d, got %d", wire.Protocol, h.Protocol)
	}
	o := s.operator
	return wire.Write(s.out, wire.Ready{
		Type: wire.TypeReady, Protocol: wire.Protocol, Name: o.Name, Version: o.Version, Parameters: o.Parameters,
		Formats: []string{wire.FormatRaw}, Depths: o.Depths, Bands: o.Bands, Alpha: o.Alpha, Resizes: o.Resizes, Streams: true,
	}, 0)
}

func (s *server) photo(f wire.Frame) error {
	p := &Photo{}
	if err := f.Decode(&p.Photo); err != nil {
		return err
	}
	if s.operator.Rows != nil {
		return s.stream(p)
	}
	pixels, err := s.collect(p)
	if err != nil {
		return s.answer(p.ID, err)
	}
	p.Pixels = pixels
	if err := s.operator.Whole(context.Background(), p); err != nil {
		return s.answer(p.ID, err)
	}
	if want := p.Row() * p.Height; len(p.Pixels) != want {
		return s.answer(p.ID, fmt.Errorf("made %d bytes of %d×%d pixels, which are %d", len(p.Pixels), p.Width, p.Height, want))
	}
	if err := wire.Write(s.out, wire.Result{Type: wire.TypeResult, ID: p.ID, Layout: p.Layout}, int64(len(p.Pixels))); err != nil {
		return err
	}
	_, err = s.out.Write(p.Pixels)
	return err
}

// errCancelled ends a photo that is not wanted any more.
var errCancelled = errors.New("cancelled")

// eachRows calls do with the rows as they come.
func (s *server) eachRows(p *Photo, do func(y int, rows []byte) error) error {
	var room []byte
	for y := 0; y < p.Height; {
		f, err := wire.Read(s.in)
		if err != nil {
			return connection{err}
		}
		var r wire.Rows
		if err := f.Decode(&r); err != nil {
			return connection{err}
		}
		if f.Type == wire.TypeCancel {
			return errCancelled
		}
		if f.Type != wire.TypeRows || r.Y != y || r.Rows < 1 || f.Body != int64(r.Rows)*int64(p.Row()) {
			return connection{fmt.Errorf("must be rows from %d on, got a %q message", y, f.Type)}
		}
		if int64(cap(room)) < f.Body {
			room = make([]byte, f.Body)
		}
		if _, err := io.ReadFull(s.in, room[:f.Body]); err != nil {
			return connection{err}
		}
		if err := do(y, room[:f.Body]); err != nil {
			return err
		}
		y += r.Rows
	}
	return nil
}

// connection is an error after which nothing more can be said.
type connection struct{ error }

func (s *server) collect(p *Photo) ([]byte, error) {
	all := make([]byte, 0, p.Row()*p.Height)
	err := s.eachRows(p, func(_ int, rows []byte) error {
		all = append(all, rows...)
		return nil
	})
	return all, err
}

// stream answers rows as they come.
func (s *server) stream(p *Photo) error {
	begun := false
	err := s.eachRows(p, func(y int, rows []byte) error {
		if err := s.operator.Rows(p, y, rows); err != nil {
			return err
		}
		if !begun {
			begun = true
			if err := wire.Write(s.out, wire.Result{Type: wire.TypeResult, ID: p.ID, Layout: p.Layout}, 0); err != nil {
				return connection{err}
			}
		}
		if err := wire.Write(s.out, wire.Rows{Type: wire.TypeRows, ID: p.ID, Y: y, Rows: len(rows) / p.Row()}, int64(len(rows))); err != nil {
			return connection{err}
		}
		if _, err := s.out.Write(rows); err != nil {
			return connection{err}
		}
		return nil
	})
	return s.answer(p.ID, err)
}

// answer tells Burnish of an error, unless it is one of the connection.
func (s *server) answer(id int64, err error) error {
	broken, refused := connection{}, (*refusal)(nil)
	e := wire.Error{Type: wire.TypeError, ID: id, Fault: wire.FaultProgram}
	switch {
	case err == nil:
		return nil
	case errors.As(err, &broken):
		return broken.error
	case errors.Is(err, errCancelled):
		e.Fault = wire.FaultCancelled
	case errors.As(err, &refused):
		e.Fault, e.Hint = wire.FaultPhoto, refused.hint
	}
	e.Message = err.Error()
	return wire.Write(s.out, e, 0)
}
