package plugin_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/plugin"
)

const chosen = `
version: 1
state_dir: state
pipelines:
  small:
    steps:
      - resize: {width: 40}
        id: small
        when: width > 50
    outputs:
      - path: "{dir}/{stem}.png"
        when: width >= 60
      - path: "{dir}/{stem}.webp"
        when: ran("small") and height > 50
      - path: "{dir}/{stem}.thumb.png"
        thumbnail: {width: 10, height: 10}
        when: folder == "web"
`

// exist reports which of the outputs are there, by their endings.
func exist(b *fixture, stem string) string {
	var there []string
	for _, ending := range []string{".png", ".webp", ".thumb.png"} {
		if _, err := os.Stat(b.path("out/" + stem + ending)); err == nil {
			there = append(there, ending)
		}
	}
	return strings.Join(there, " ")
}

func TestOutputsByChoice(t *testing.T) {
	b := newFixture(t, chosen, plugin.WithLedger())
	for _, test := range []struct {
		name, want, says string
		width, height    int
	}{
		{"a.jpg", ".png .webp", "folder == \"web\"): folder \".\"", 80, 60},
		{"web/b.jpg", ".png .webp .thumb.png", "", 80, 60},
		{"web/c.jpg", ".thumb.png", "not (width >= 60): width 40; ", 40, 60},
		{"d.jpg", ".png", "not (ran(\"small\") and height > 50)", 64, 40},
	} {
		path := b.photo(test.name, test.width, test.height, 1)
		r := b.done(path)
		if got := exist(b, strings.TrimSuffix(test.name, ".jpg")); got != test.want {
			t.Errorf("%s became %s, want %s", test.name, got, test.want)
		}
		if said := r.Notes["not_written"]; (said == "") != (test.says == "") || !strings.Contains(said, test.says) {
			t.Errorf("%s: the result says %q, want %q", test.name, said, test.says)
		}
		b.skipped(path, "already done")
	}
}

// A photo of which nothing is wanted is remembered, stays where it is, and is
// looked at again once it is another.
func TestNoOutputIsWanted(t *testing.T) {
	b := newFixture(t, chosen, plugin.WithLedger())
	path := b.photo("e.jpg", 40, 30, 1)
	job := plugin.Job{Path: path, Root: b.path("in"), Pipeline: "small", Output: b.path("out"), After: plugin.After{Move: b.path("put away")}}
	for _, want := range []string{"no output is wanted of it: {dir}/{stem}.png: not (width >= 60): width 40; ", "already done"} {
		r, err := b.engine.Process(t.Context(), job)
		if err != nil || r.State != plugin.Skipped || !strings.HasPrefix(r.Reason, want) {
			t.Errorf("%s: %s, %v; want %q", r.State, r.Reason, err, want)
		}
		if _, err := os.Stat(path); err != nil {
			t.Error("the original is gone:", err)
		}
		b.reopen()
	}
	b.photo("e.jpg", 80, 60, 1)
	if r, err := b.engine.Process(t.Context(), job); err != nil || r.State != plugin.Done {
		t.Errorf("another photo: %s, %v", r.State, err)
	}
	if _, err := os.Stat(filepath.Join(b.path("put away"), "e.jpg")); err != nil {
		t.Error(err)
	}
}

// After the loss of the ledger, outputs that are not wanted are not missed.
func TestChosenOutputsAreRecognised(t *testing.T) {
	b := newFixture(t, strings.ReplaceAll(chosen, `ran("small") and`, ""), plugin.WithLedger())
	path := b.photo("web/c.jpg", 40, 30, 1)
	b.done(path)
	b.damage(zero)
	b.skipped(path, "already done: its outputs say so")
}

// A photo that is there once more has what it is to have where an output of it
// was left out, and an equal one elsewhere gets copies of the others.
func TestEqualPhotosOfLeftOutOutputs(t *testing.T) {
	b := newFixture(t, `
version: 1
state_dir: state
pipelines:
  small:
    steps:
      - resize: {width: 40}
    outputs:
      - path: "{dir}/{stem}.webp"
        when: width > 1000
      - path: "{dir}/{stem}.png"
`, plugin.WithLedger())
	a := b.photo("a.jpg", 20, 10, 1)
	original, err := os.ReadFile(a)
	if err != nil {
		t.Fatal(err)
	}
	originals := filepath.Join(b.folder, "originals")
	b.run(b.moving(a, originals))
	for range 2 {
		b.write("in/a.jpg", original)
		if r := b.run(b.moving(a, originals)); r.State != plugin.Skipped || !strings.Contains(r.Reason, "already done as") {
			t.Errorf("%+v", r)
		}
		if _, err := os.Stat(a); err == nil {
			t.Error("the photo was not put away")
		}
		b.reopen()
	}
	other := b.write("in/sea/b.jpg", original)
	if r := b.done(other); !strings.Contains(r.Reason, "the same content as") {
		t.Errorf("%+v", r)
	}
	if got := exist(b, "sea/b"); got != ".png" {
		t.Errorf("it became %s", got)
	}
	b.reopen()
	b.skipped(other, "already done")
}
