package process

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/process/wire"
)

// session is a program that runs and has said what it takes. One photo at a time
// is its own.
type session struct {
	program ops.Program
	in      *bufio.Reader
	ready   wire.Ready
	photos  int64 // so far
	idle    *time.Timer

	// peeked tells that something can be read, or why nothing can: since a process
	// that has nothing to do says nothing, it is how the end of one is noticed.
	peeked  chan error
	resting bool // nobody has taken what peeked tells
}

// rest is called when the program has nothing to do.
func (s *session) rest() {
	if s.resting {
		return
	}
	s.resting = true
	peeked := make(chan error, 1)
	s.peeked = peeked
	go func() {
		_, err := s.in.Peek(1)
		peeked <- err
	}()
}

// lives reports whether the program, at rest, has neither ended nor said anything.
func (s *session) lives() bool { return len(s.peeked) == 0 }

const (
	handshakeTimeout = 30 * time.Second
	cancelGrace      = 2 * time.Second // for a program to answer a cancelled photo
)

// misbehaviour is what a program did that it must not, or that it ended.
type misbehaviour struct{ error }

func (m misbehaviour) Unwrap() error { return m.error }

func misbehaved(format string, args ...any) error { return misbehaviour{fmt.Errorf(format, args...)} }

// start starts a program and asks what it is. All errors are the program's.
func start(ctx context.Context, programs ops.Programs, name, digest string, d Declaration) (*session, error) {
	program, err := programs.Start(ctx, name, digest)
	if err != nil {
		return nil, err
	}
	s := &session{program: program, in: bufio.NewReaderSize(program, 1<<16)}
	late := time.AfterFunc(handshakeTimeout, func() { program.End() })
	err = wire.Write(program, wire.Hello{Type: wire.TypeHello, Protocol: wire.Protocol, Operator: name}, 0)
	if err == nil {
		err = s.greet(d)
	}
	if !late.Stop() {
		err = fmt.Errorf("it did not say what it is within %s", handshakeTimeout)
	}
	if err != nil {
		return nil, fmt.Errorf("the program of %s: %w", name, s.ended(err))
	}
	s.rest()
	return s, nil
}

// Inspect starts the program of an operator, asks what it is, and ends it.
func Inspect(ctx context.Context, programs ops.Programs, name string, d Declaration) (wire.Ready, error) {
	own, _, err := Digests(d.Files())
	if err != nil {
		return wire.Ready{}, err
	}
	s, err := start(ctx, programs, name, own, d)
	if err != nil {
		return wire.Ready{}, err
	}
	s.program.End()
	return s.ready, nil
}

// ended ends the program after an error and adds how it ended.
func (s *session) ended(err error) error {
	cause := s.program.End()
	lost := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || isClosed(err)
	switch {
	case lost && cause != "":
		return misbehaviour{errors.New(cause)}
	case lost:
		return misbehaviour{errors.New("it ended")}
	}
	return misbehaviour{err}
}

// greet reads the program's description and compares it with its declaration.
func (s *session) greet(d Declaration) error {
	f, err := wire.Read(s.in)
	if err != nil {
		return err
	}
	if f.Type != wire.TypeReady || f.Body != 0 {
		return fmt.Errorf("must answer hello with ready and without a body, got %q and %d bytes", clip(f.Type), f.Body)
	}
	r := &s.ready
	if err := f.Decode(r); err != nil {
		return err
	}
	if r.Protocol != wire.Protocol {
		return fmt.Errorf("must speak version %d of the protocol, got %d", wire.Protocol, r.Protocol)
	}
	if len(r.Formats) == 0 {
		r.Formats = []string{wire.FormatRaw}
	}
	if len(r.Depths) == 0 {
		r.Depths = []int{8}
	}
	if len(r.Bands) == 0 {
		r.Bands = []int{1, 3}
	}
	return describes(*r, d)
}

func describes(r wire.Ready, d Declaration) error {
	for _, format := range r.Formats {
		if !slices.Contains(wire.Formats(), format) {
			return fmt.Errorf("formats: must be %s, got %q", diag.Alternatives(wire.Formats()), clip(format))
		}
	}
	for _, depth := range r.Depths {
		if !slices.Contains([]int{8, 16, 32}, depth) {
			return fmt.Errorf("depths: must be 8, 16 or 32, got %d", depth)
		}
		if depth == 32 && r.Formats[0] != wire.FormatRaw {
			return fmt.Errorf("depths: 32 needs the format raw, got %s", r.Formats[0])
		}
	}
	if r.Resizes && !d.Resizes {
		return errors.New("it may answer other sizes than the photo's: declare it with resizes: true")
	}
	var told []string
	for _, p := range r.Parameters {
		told = append(told, p.Name)
		declared, ok := d.Parameters[p.Name]
		switch {
		case !ok && p.Default == nil:
			return fmt.Errorf("it needs the parameter %q, which is not declared: add it to parameters", clip(p.Name))
		case ok && p.Type != declared.Type:
			return fmt.Errorf("its parameter %q is a %s, and is declared as a %s", clip(p.Name), clip(p.Type), declared.Type)
		}
	}
	for name := range d.Parameters {
		if len(told) > 0 && !slices.Contains(told, name) {
			return fmt.Errorf("it has no parameter %q, which is declared%s", name, diag.Suggest(name, told))
		}
	}
	return nil
}

// clip shortens what a program said, for messages.
func clip(text string) string {
	text = strings.Join(strings.Fields(diag.Printable(text)), " ")
	if runes := []rune(text); len(runes) > 300 {
		return string(runes[:300]) + "…"
	}
	return text
}

// said is the error that a program answered with.
func said(e wire.Error) error {
	text := clip(e.Message)
	if text == "" {
		text = "it gave no reason"
	}
	if e.Hint != "" {
		text += "; " + clip(e.Hint)
	}
	switch e.Fault {
	case wire.FaultPhoto:
		return spoken{errors.New(text)}
	case wire.FaultCancelled:
		return errCancelled
	}
	return ops.Shared(spoken{errors.New(text)})
}

// spoken is an error in the program's own words.
type spoken struct{ error }

var errCancelled = errors.New("the program cancelled the photo, which nobody asked of it")
