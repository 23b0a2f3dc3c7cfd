package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/graph"
	"github.com/burnish-photo/burnish/ops/vips"
	"gopkg.in/yaml.v3"
)

// decided runs steps on the photo and returns the amounts of those that ran,
// and what was noted of the others.
func decided(t *testing.T, text string, sinks ...string) (sizes []string, left string) {
	t.Helper()
	s := &seen{}
	g, err := graph.Compile(t.Context(), steps(t, text, sinks...), registry(t, s), ops.Env{InMemory: 1 << 20, Scratch: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	src := photo(t, 6)
	defer src.Close()
	src.Source.Width, src.Source.Height, src.Original = 40, 24, true
	var notes ops.Notes
	err = g.Run(ops.WithNotes(t.Context(), &notes), src, &graph.Choice{}, func(_ []int, img ops.Image) error {
		_, err := img.Pixels.Pixels()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s.sizes, notes.All()["left_out"]
}

func TestWhen(t *testing.T) {
	for _, test := range []struct {
		name, steps string
		ran         int
		left        string
	}{
		{"true", "[{tone: , when: width == 24}]", 1, ""},
		{"false", "[{tone: , when: width > 24}]", 0, "tone"},
		{"the others go on", "[heal, {tone: , when: false, id: t}, shrink]", 2, "t (tone)"},
		{"an earlier decision", `[{tone: , when: false, id: t}, {heal: , when: 'ran("t")', id: h}, {shrink: , when: 'not ran("h")'}]`, 1, "t (tone), h (heal)"},
		{"shared", "[{heal: , when: false, id: h}, {tone: , from: h}, {shrink: , from: h}]", 1, "h (heal)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			sizes, left := decided(t, test.steps, "")
			if len(sizes) != test.ran || left != test.left {
				t.Errorf("%d steps ran on %v, left out %q; want %d, %q", len(sizes), sizes, left, test.ran, test.left)
			}
		})
	}
	sizes, _ := decided(t, "[{heal: , when: false, id: h}, {tone: , from: h, id: a}, {shrink: , from: h}]", "", "h", "a")
	if !slices.Equal(sizes, []string{"24x40", "24x40"}) {
		t.Errorf("behind a step that was left out, steps were given %v", sizes)
	}
}

func TestWhenCountsInTheFingerprint(t *testing.T) {
	compile := func(text string) *graph.Graph {
		g, err := graph.Compile(t.Context(), steps(t, text, ""), registry(t, &seen{}), ops.Env{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { g.Close() })
		return g
	}
	always, sometimes := compile("[tone]"), compile("[{tone: , when: width > 3}]")
	if always.Fingerprint() == sometimes.Fingerprint() || sometimes.Fingerprint() == compile("[{tone: , when: width > 4}]").Fingerprint() {
		t.Error("another condition has the same fingerprint")
	}
	if sometimes.DependsOnPath() || !compile(`[{tone: , when: 'folder == "x"'}]`).DependsOnPath() {
		t.Error("only a condition on the folder depends on the place")
	}
}

// withSinks is the steps with sinks that read "FROM" or are wanted "FROM when EXPRESSION".
func withSinks(t *testing.T, text string, sinks ...string) graph.Config {
	t.Helper()
	c := steps(t, text)
	node := &yaml.Node{Kind: yaml.ScalarNode, Line: 7, Column: 11}
	for _, sink := range sinks {
		from, when, _ := strings.Cut(sink, " when ")
		c.Sinks = append(c.Sinks, graph.Sink{From: from, Node: node, When: when, WhenNode: node})
	}
	return c
}

func TestTapsByChoice(t *testing.T) {
	const text = `[{heal: , id: h}, {tone: , from: h, id: a, when: width > 24}, {shrink: , from: h, id: b}]`
	for _, test := range []struct {
		sinks      string
		ran        int
		got, whyOf string
	}{
		{"a|b", 2, "0 1", ""},
		{"a when width > 24|b", 2, "1", "0: not (width > 24): width 24"},
		{"a when width > 24|b when height < 5", 0, "", "0: not (width > 24): width 24, 1: not (height < 5): height 40"},
		{`a when ran("a")|b when ran("h")`, 2, "1", `0: not (ran("a"))`},
		{`a when ran("h") and not ran("a")|h when true`, 1, "0 1", ""},
		{"a|h when width > 24|b when false", 1, "0", "1: not (width > 24): width 24, 2: not (false)"},
		{"source when width == 24|source when width != 24", 0, "0", "1: not (width != 24): width 24"},
	} {
		s := &seen{}
		g, err := graph.Compile(t.Context(), withSinks(t, text, strings.Split(test.sinks, "|")...), registry(t, s), ops.Env{InMemory: 1 << 20, Scratch: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		before := vips.Live()
		src := photo(t, 6)
		src.Source.Width, src.Source.Height = 40, 24
		for page := range 2 { // of which the first decides
			choice, err := g.Choose(src)
			if err != nil {
				t.Fatal(err)
			}
			var got, why []string
			for range page + 1 {
				got, s.sizes = nil, nil
				err = g.Run(t.Context(), src, &choice, func(sinks []int, img ops.Image) error {
					for _, sink := range sinks {
						got = append(got, fmt.Sprint(sink))
					}
					_, err := img.Pixels.Pixels()
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			for sink := range strings.Split(test.sinks, "|") {
				if text, out := choice.LeftOut(sink); out {
					why = append(why, fmt.Sprintf("%d: %s", sink, text))
				}
			}
			slices.Sort(got)
			if strings.Join(got, " ") != test.got || strings.Join(why, ", ") != test.whyOf || len(s.sizes) != test.ran {
				t.Errorf("%s, page %d: %v by %d steps, left out %q", test.sinks, page, got, len(s.sizes), why)
			}
		}
		src.Close()
		if n := vips.Live() - before; n != 0 {
			t.Errorf("%s: %d images were not closed", test.sinks, n)
		}
	}
}

func TestFaultsOfChoices(t *testing.T) {
	const text = `[{tone: , id: a}, {heal: , id: b}]`
	for _, test := range []struct{ sink, want string }{
		{"a when widht > 3", `7:11: when: unknown variable "widht"; did you mean "width"?`},
		{"a when width", "7:11: when: the expression must be true or false, got int"},
		{`a when true or ran("b")`, `7:23: when: no step above has the id "b"; did you mean "a"?`},
		{` when ran("b")`, ""},
	} {
		faults := graph.Check(withSinks(t, text, test.sink), registry(t, &seen{}), ops.Env{})
		errs, _ := faults.Split()
		if got := strings.TrimPrefix(strings.TrimPrefix(fmt.Sprint(errs.Err()), "<nil>"), ":"); !strings.HasPrefix(got, test.want) || (got == "") != (test.want == "") {
			t.Errorf("%s: %q, want %q", test.sink, got, test.want)
		}
	}
}

func TestChoicesCountInTheFingerprint(t *testing.T) {
	seenBefore := map[string]string{}
	for _, sinks := range []string{"|a", "|a when width > 3", "|a when width > 4", " when width > 3|a", `|a when folder == "x"`} {
		g, err := graph.Compile(t.Context(), withSinks(t, "[{tone: , id: a}]", strings.Split(sinks, "|")...), registry(t, &seen{}), ops.Env{})
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		if other, ok := seenBefore[g.Fingerprint()]; ok {
			t.Errorf("%q and %q have one fingerprint", sinks, other)
		}
		seenBefore[g.Fingerprint()] = sinks
		if g.DependsOnPath() != strings.Contains(sinks, "folder") {
			t.Errorf("%q: depends on the path: %v", sinks, g.DependsOnPath())
		}
	}
}
