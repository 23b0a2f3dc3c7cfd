package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/diag"
	"github.com/burnish-photo/burnish/ops/graph"
)

// withFragments is a pipeline whose fragments are given as YAML.
func withFragments(t *testing.T, fragments, text string, sinks ...string) graph.Config {
	t.Helper()
	c := steps(t, text, sinks...)
	root, err := diag.Parse("p.yaml", []byte(fragments))
	if err != nil {
		t.Fatal(err)
	}
	if faults := diag.Decode(root, &c.Fragments); len(faults) > 0 {
		t.Fatal(faults)
	}
	return c
}

func TestFragments(t *testing.T) {
	const fragments = `
web: {steps: [{tone: , id: soft}, {shrink: , from: soft}]}
both: {steps: [heal, {use: web}]}
aside: {steps: [{tone: , from: source, id: a}, {shrink: , from: input}]}
`
	for _, test := range []struct {
		name, steps string
		from        []string
		seen        int
	}{
		{"once", "[{use: web}]", []string{""}, 2},
		{"twice, with ids of their own", "[{use: web, id: one}, {use: web, from: source, id: two}]", []string{"one", "two"}, 4},
		{"one in another", "[{use: both}]", []string{""}, 3},
		{"ids of the pipeline stay its own", "[{heal: , id: soft}, {use: web, id: w}]", []string{"soft", "w"}, 3},
		{"left out", "[{use: both, when: width > 1000}]", []string{""}, 0},
		{"the input by name", "[heal, {use: aside}]", []string{""}, 2},
		{"a step in it decides on", `[{use: web, id: w, when: false}, {heal: , when: 'not ran("w")'}]`, []string{""}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := &seen{}
			got, err := run(t, withFragments(t, fragments, test.steps, test.from...), s, 6)
			if err != nil {
				t.Fatal(err)
			}
			if len(s.sizes) != test.seen || !slices.Contains(got, "24x40 orientation 1") {
				t.Errorf("%d steps ran (%v), outputs are %v; want %d steps", len(s.sizes), s.sizes, got, test.seen)
			}
		})
	}
}

// A fragment whose last step reads another branch first is left out as a whole.
func TestAFragmentIsLeftOutAsAWhole(t *testing.T) {
	s := &seen{}
	c := withFragments(t, "f: {steps: [{tone: , from: source}]}", "[{heal: , id: h}, {use: f, when: false}, {shrink: , id: s}]", "s", "h")
	if _, err := run(t, c, s, 1); err != nil {
		t.Fatal(err)
	}
	// heal's strips, and shrink's of what heal made: were it of the source,
	// heal would have been read by its output alone.
	if got := s.strips.Load(); len(s.sizes) != 2 || got != 2*2 {
		t.Errorf("%v, %d strips", s.sizes, got)
	}
}

func TestFragmentFaults(t *testing.T) {
	reg := registry(t, &seen{})
	for _, test := range []struct{ name, fragments, steps, want string }{
		{"unknown", "{web: {steps: [tone]}}", "[{use: wbe}]", `p.yaml:1:8: there is no fragment "wbe"; did you mean "web"?`},
		{"empty", "{web: {steps: []}}", "[{use: web}]", `the fragment "web" has no steps`},
		{"itself", "{a: {steps: [{use: b}]}, b: {steps: [{use: a}]}}", "[{use: a}]", `the fragment "a" uses itself: a → b → a`},
		{"an id from outside", "{a: {steps: [{tone: , from: out}]}}", "[{heal: , id: out}, {use: a}]", `no step above has the id "out"`},
		{"an id from inside", "{a: {steps: [{tone: , id: in}]}}", "[{use: a}, {heal: , from: in}]", `no step above has the id "in"`},
		{"two inputs", "{a: {steps: [tone]}}", "[{use: a, from: [source, source]}]", `the fragment a reads one image, got 2`},
		{"a fault inside", "{a: {steps: [{tone: {amount: -1}}]}}", "[{use: a}]", `amount: must be at least 0`},
	} {
		t.Run(test.name, func(t *testing.T) {
			faults := graph.Check(withFragments(t, test.fragments, test.steps, ""), reg, ops.Env{}).In("p.yaml")
			if !strings.Contains(faults.Error(), test.want) {
				t.Errorf("got\n%s\nwant\n%s", faults.Error(), test.want)
			}
		})
	}
}
