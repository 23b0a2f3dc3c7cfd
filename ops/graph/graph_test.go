package graph_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/graph"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/ops/vips/vipstest"
)

func TestMain(m *testing.M) { vipstest.Main(m) }

// probe is an operator that inverts, and notes what it was given.
type probe struct {
	Amount float64 `yaml:"amount" range:"0,"`
	shared *seen
}

type seen struct {
	sizes  []string
	strips atomic.Int64
	closed int
	fail   error
}

func (p *probe) Build(context.Context, ops.Env) (ops.Operator, error) { return p, nil }

func (p *probe) Close() error { p.shared.closed++; return nil }

func (p *probe) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	src := in[0].Pixels
	p.shared.sizes = append(p.shared.sizes, fmt.Sprintf("%dx%d", src.Width(), src.Height()))
	out, err := src.Strips(vips.Strips{Height: 16, Func: func(in, out vips.Rows) error {
		p.shared.strips.Add(1)
		for i, v := range in.Pixels {
			out.Pixels[i] = 255 - v
		}
		return p.shared.fail
	}})
	return in[0].With(out), err
}

func registry(t *testing.T, s *seen) *ops.Registry {
	t.Helper()
	spec := func(name string, grid ops.Grid) ops.Spec {
		return ops.Spec{Name: name, Version: 1, Grid: grid, Sequential: true, Config: func() ops.Config { return &probe{shared: s} }}
	}
	reg, err := ops.NewRegistry(spec("heal", ops.NeedsGrid), spec("tone", ops.KeepsGrid), spec("shrink", ops.MovesGrid))
	if err != nil {
		t.Fatal(err)
	}
	return reg
}

func steps(t *testing.T, text string, sinks ...string) graph.Config {
	t.Helper()
	c := graph.Config{}
	root, err := diag.Parse("p.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if faults := diag.Decode(root, &c.Steps); len(faults) > 0 {
		t.Fatal(faults)
	}
	for _, sink := range sinks {
		c.Sinks = append(c.Sinks, graph.Sink{From: sink, Node: root})
	}
	return c
}

// photo is 40×24, stored with the EXIF orientation given.
func photo(t *testing.T, orientation int) ops.Image {
	t.Helper()
	pixels := make([]byte, 40*24*3)
	for i := range pixels {
		pixels[i] = byte(i)
	}
	plain, err := vips.FromMemory(pixels, 40, 24, 3, "uchar")
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	tagged, err := plain.WithInt("orientation", orientation)
	if err != nil {
		t.Fatal(err)
	}
	return ops.Image{Pixels: tagged, Source: &ops.Source{Orientation: orientation}}
}

// run compiles and runs c; it returns the size of what each sink read.
func run(t *testing.T, c graph.Config, s *seen, orientation int) ([]string, error) {
	t.Helper()
	before := vips.Live()
	g, err := graph.Compile(t.Context(), c, registry(t, s), ops.Env{InMemory: 1 << 20, Scratch: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	src := photo(t, orientation)
	got := make([]string, len(c.Sinks))
	err = g.Run(t.Context(), src, &graph.Choice{}, func(sinks []int, img ops.Image) error {
		for _, sink := range sinks {
			if _, err := vips.Call("avg", vips.Args{"in": img.Pixels}); err != nil {
				return err
			}
			got[sink] = fmt.Sprintf("%dx%d orientation %d", img.Pixels.Width(), img.Pixels.Height(), img.Pixels.Orientation())
		}
		return nil
	})
	src.Close()
	if err := g.Close(); err != nil {
		t.Error(err)
	}
	if now := vips.Live(); now != before {
		t.Errorf("%d images were not closed", now-before)
	}
	return got, err
}

func TestOrientationIsAppliedOnceAndInTheRightPlace(t *testing.T) {
	for _, test := range []struct {
		name, steps string
		from        []string
		seen        []string // what each step was given, in order
	}{
		{"after the restoration", "[heal, shrink]", []string{""}, []string{"40x24", "24x40"}},
		{"filters before the restoration see the grid too", "[tone, heal, shrink]", []string{""}, []string{"40x24", "40x24", "24x40"}},
		{"at the source without a restoration", "[tone, shrink]", []string{""}, []string{"24x40", "24x40"}},
		{"before geometry, even ahead of a restoration", "[shrink, heal]", []string{""}, []string{"24x40", "24x40"}},
		{"only after the first restoration", "[heal, heal]", []string{""}, []string{"40x24", "24x40"}},
		{"the source as an output", "[heal]", []string{"", "source"}, []string{"40x24"}},
		{"a side branch of a raw step", "[{tone: , id: a}, heal, {shrink: , from: a, id: b}]", []string{"b", "a"}, []string{"40x24", "24x40"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &seen{}
			got, err := run(t, steps(t, test.steps, test.from...), s, 6)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(s.sizes, test.seen) {
				t.Errorf("steps were given %v, want %v", s.sizes, test.seen)
			}
			for _, g := range got {
				if g != "24x40 orientation 1" {
					t.Errorf("an output is %s", g)
				}
			}
		})
	}
}

func TestASharedStepRunsOnce(t *testing.T) {
	s := &seen{}
	c := steps(t, "[{heal: , id: a}, {tone: , from: a, id: b}, {tone: , from: a, id: c}]", "a", "b", "c", "a")
	if _, err := run(t, c, s, 1); err != nil {
		t.Fatal(err)
	}
	// 24 rows are two strips of 16; three steps ran.
	if got := s.strips.Load(); got != 3*2 {
		t.Errorf("%d strips were computed, want 6", got)
	}
}

func TestADeadStepDoesNotRun(t *testing.T) {
	s := &seen{}
	if _, err := run(t, steps(t, "[{heal: , id: a}, tone]", "a"), s, 1); err != nil {
		t.Fatal(err)
	}
	if len(s.sizes) != 1 || s.closed != 2 {
		t.Errorf("ran on %v, closed %d operators; want one run and two closed", s.sizes, s.closed)
	}
}

func TestAnErrorInAStripComesBack(t *testing.T) {
	s := &seen{fail: errors.New("the tile is black")}
	_, err := run(t, steps(t, "[heal, tone]", ""), s, 1)
	if !errors.Is(err, s.fail) {
		t.Errorf("got %v, want %v", err, s.fail)
	}
}

func TestFaults(t *testing.T) {
	reg := registry(t, &seen{})
	for _, test := range []struct{ name, steps, from, want string }{
		{"unknown operator", "[{hael: }]", "", `p.yaml:1:3: unknown operator "hael"; did you mean "heal"?`},
		{"unknown parameter", "[{tone: {amuont: 1}}]", "", `p.yaml:1:10: unknown key "amuont"; did you mean "amount"?`},
		{"a parameter out of range", "[{tone: {amount: -1}}]", "", `p.yaml:1:18: amount: must be at least 0, got -1`},
		{"when", "[{tone: , when: widht > 3}]", "", `p.yaml:1:17: when: unknown variable "widht"; did you mean "width"?`},
		{"when in quotes", `[{tone: , when: "width > 3 and heigth < 2"}]`, "", `p.yaml:1:32: when: unknown variable "heigth"`},
		{"when asks for a later step", "[{tone: , when: 'ran(\"b\")'}, {tone: , id: b}]", "", `p.yaml:1:22: when: no step above has the id "b"`},
		{"a taken id", "[{tone: , id: a}, {heal: , id: a}]", "", `p.yaml:1:32: the id "a" is already taken`},
		{"the source's id", "[{tone: , id: source}]", "", `p.yaml:1:15: the id "source" is already taken`},
		{"a later step", "[{tone: , from: b}, {heal: , id: b}]", "", `p.yaml:1:17: no step above has the id "b"; a step can only read steps above it`},
		{"itself", "[{tone: , id: a, from: a}]", "", `p.yaml:1:24: no step above has the id "a"; a step can only read steps above it`},
		{"an unknown sink", "[{tone: , id: soft}]", "sotf", `did you mean "soft"?`},
		{"several inputs", "[{tone: , id: a}, {tone: , from: [a, source]}]", "", `tone reads one image, got 2`},
		{"a lost grid", "[shrink, heal]", "", `p.yaml:1:10: warning: heal sees the JPEG's block grid no more`},
		{"a dead step", "[{tone: , id: a}, heal]", "a", `p.yaml:1:19: warning: nothing reads the result of heal`},
	} {
		t.Run(test.name, func(t *testing.T) {
			faults := graph.Check(steps(t, test.steps, test.from), reg, ops.Env{}).In("p.yaml")
			if !strings.Contains(faults.Error(), test.want) {
				t.Errorf("got\n%s\nwant\n%s", faults.Error(), test.want)
			}
		})
	}
}

func TestTwoOperatorsInAStep(t *testing.T) {
	root, err := diag.Parse("p.yaml", []byte("[{tone: , heal: }]"))
	if err != nil {
		t.Fatal(err)
	}
	var s []graph.Step
	if faults := diag.Decode(root, &s); len(faults) != 1 || !strings.Contains(faults.Error(), "one operator") {
		t.Error(faults)
	}
}

func TestFingerprint(t *testing.T) {
	fingerprint := func(text string, sink string) string {
		g, err := graph.Compile(t.Context(), steps(t, text, sink), registry(t, &seen{}), ops.Env{})
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		return g.Fingerprint()
	}
	base := fingerprint("[{heal: {amount: 1}}, tone]", "")
	if got := fingerprint("[{heal: {amount: 1.0}, id: x}, {tone: {}, from: x}]", ""); got != base {
		t.Error("the same pipeline, written otherwise, has another fingerprint")
	}
	for _, other := range []string{"[{heal: {amount: 2}}, tone]", "[{heal: {amount: 1}}, shrink]", "[{heal: {amount: 1}}, {tone: , from: source}]"} {
		if fingerprint(other, "") == base {
			t.Errorf("%s has the fingerprint of another pipeline", other)
		}
	}
	if fingerprint("[{heal: , id: a}, tone]", "a") == fingerprint("[heal, {tone: , id: a}]", "a") {
		t.Error("an output that reads another step has the same fingerprint")
	}
}
