package fidelity

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/burnish-photo/burnish/ops/jpeg/coefficients"
	"github.com/burnish-photo/burnish/ops/vips"
)

// Mode is what is done with a picture.
type Mode int

const (
	look   Mode = iota // nothing
	Strict             // it is moved to agree
	// Auto moves it unless it shows that the photo had been saved before, worse than
	// the file tells.
	Auto
)

// Project is p, moved to agree with the file that r reads, which it owns and
// closes: at the latest with the image. told hears what was found so far, row by
// row; it may be nil. Nothing is computed yet. Where the file has no coefficients
// that p can be held against the error is [ErrOther].
func Project(p *vips.Image, r *coefficients.Reader, how Mode, told func(Report)) (*vips.Image, error) {
	return pass(p, r, how, told)
}

// Judge reads p and says how it agrees with the file that r reads, which it
// closes.
func Judge(p *vips.Image, r *coefficients.Reader) (report Report, err error) {
	passed, err := pass(p, r, look, func(so Report) { report = so })
	if err != nil {
		return Report{}, err
	}
	defer passed.Close()
	_, err = vips.Call("avg", vips.Args{"in": passed})
	return report, err
}

// pass is p, whose rows are looked at as they stream by.
func pass(p *vips.Image, r *coefficients.Reader, how Mode, told func(Report)) (*vips.Image, error) {
	f, err := frameOf(r, p)
	if err != nil {
		r.Close()
		return nil, err
	}
	s := &stream{frame: f, reader: r, how: how, told: told, unit: newUnit(f), moves: make([]bool, r.Rows)}
	s.report = Report{Before: make([]Count, len(f.planes)), After: make([]Count, len(f.planes)), Height: p.Height()}
	passed, err := p.Strips(vips.Strips{Height: r.UnitHeight, Func: s.strip, Done: r.Close})
	if err != nil {
		r.Close()
	}
	return passed, err
}

// stream is one picture on its way.
type stream struct {
	*frame
	mu     sync.Mutex
	reader *coefficients.Reader
	how    Mode
	told   func(Report)
	unit   *unit
	moves  []bool // by row of units, once it was seen
	report Report
}

// strip passes one row of units on. It may be asked for again, and does the same.
func (s *stream) strip(in, out vips.Rows) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for y := out.Top; y < out.Top+out.Height; y++ {
		copy(out.Row(y), in.Row(y))
	}
	n := out.Top / s.unitHeight
	planes, err := s.reader.Row(n)
	if errors.Is(err, coefficients.ErrDamaged) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("fidelity: %w", err)
	}
	s.prepare(s.reader.Tables())
	first := out.Top >= s.report.Rows
	if first {
		s.moves[n] = s.decide(out, planes)
	}
	before, after := s.row(out, planes, s.moves[n])
	if first {
		s.count(out, before, after, s.moves[n])
	}
	return nil
}

func (s *stream) row(out vips.Rows, planes []coefficients.Plane, move bool) (before, after []Count) {
	before, after = make([]Count, len(s.planes)), make([]Count, len(s.planes))
	for x := 0; x < s.width; x += s.unitWidth {
		s.unit.pass(out, planes, x, move, before, after)
	}
	return before, after
}

// decide reports whether a row of units is to be moved: by itself and the rows seen
// before it, or these alone once they are enough.
func (s *stream) decide(out vips.Rows, planes []coefficients.Plane) bool {
	if s.how != Auto {
		return s.how == Strict
	}
	seen := s.report.Before[0]
	if !seen.telling.enough() {
		before, _ := s.row(out, planes, false)
		seen.add(before[0])
	}
	return !seen.telling.earlier()
}

func (s *stream) count(out vips.Rows, before, after []Count, moved bool) {
	s.report.Rows = out.Top + out.Height
	if s.how == Auto && !moved {
		s.report.Kept += out.Height
	}
	for i := range before {
		s.report.Before[i].add(before[i])
		s.report.After[i].add(after[i])
	}
	if s.told != nil {
		so := s.report
		so.Before, so.After = slices.Clone(so.Before), slices.Clone(so.After)
		s.told(so)
	}
}
