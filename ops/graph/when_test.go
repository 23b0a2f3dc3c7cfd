package graph_test

import (
	"slices"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/graph"
)

// decided runs steps on the photo and returns the amounts of those that ran,
// and what was noted of the others.
func decided(t *testing.T, text string, taps ...string) (sizes []string, left string) {
	t.Helper()
	s := &seen{}
	g, err := graph.Compile(t.Context(), steps(t, text, taps...), registry(t, s), ops.Env{InMemory: 1 << 20, Scratch: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	src := photo(t, 6)
	defer src.Close()
	src.Source.Width, src.Source.Height, src.AsRead = 40, 24, true
	var notes ops.Notes
	err = g.Run(ops.WithNotes(t.Context(), &notes), src, func(_ []int, img ops.Image) error {
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
	if sometimes.ByPlace() || !compile(`[{tone: , when: 'folder == "x"'}]`).ByPlace() {
		t.Error("only a condition on the folder depends on the place")
	}
}
