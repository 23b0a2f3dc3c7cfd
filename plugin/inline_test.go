package plugin_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
)

// inline is a job with a pipeline of its own and an output folder of its own.
func (b *fixture) inline(photo, text string) plugin.Job {
	b.Helper()
	folder, err := os.MkdirTemp(b.folder, "request-")
	if err != nil {
		b.Fatal(err)
	}
	return plugin.Job{Path: photo, Inline: text, Output: folder, Unrecorded: true}
}

func TestAJobMayBringItsPipeline(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	photo := b.photo("a.jpg", 100, 80, 1)
	for i, text := range []string{
		`{"steps": [{"resize": {"width": 50}}], "outputs": [{"path": "o.png"}]}`,
		"steps: [{resize: {width: 50}}]\noutputs: [{path: o.png}]",
	} {
		r, err := b.engine.Process(t.Context(), b.inline(photo, text))
		if err != nil || r.State != plugin.Done || len(r.Outputs) != 1 {
			t.Fatalf("%d: got %+v, %v", i, r, err)
		}
		if h, err := vips.ReadHeader(r.Outputs[0].Path); err != nil || h.Width != 50 || h.Height != 40 {
			t.Errorf("%d: got %d×%d, %v", i, h.Width, h.Height, err)
		}
	}
	if records, entries := b.everything(); records+entries != 0 {
		t.Errorf("%d records and %d entries of the journal are left", records, entries)
	}
}

func TestInlinePipelinesOpenNothingElse(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	photo := b.photo("a.jpg", 100, 80, 1)
	b.photo("mark.jpg", 10, 10, 2)
	steps := func(s string) string { return "steps: [" + s + "]\noutputs: [{path: o.png}]" }
	for what, text := range map[string]string{
		"image of a watermark": steps("{watermark: {image: in/mark.jpg}}"),
		"profile":              steps("{icc_transform: {output_profile: in/mark.jpg}}"),
		"font":                 steps("{text: {text: a, fontfile: in/mark.jpg}}"),
		"model":                steps("{promptcir: {model: /models/x.onnx}}"),
		"model beside":         steps("{promptcir: {model: {name: x.onnx}}}"),
		"fragment":             steps("{use: there}"),
		"unknown operator":     steps("{system: {cmd: ls}}"),
		"two outputs":          "outputs: [{path: a.png}, {path: b.png}]",
		"no output":            "steps: [{resize: {width: 5}}]",
		"tiles":                "outputs: [{path: a, format: tiles}]",
		"a way out":            "outputs: [{path: ../../a.png}]",
		"no YAML":              "steps: [",
		"an unknown key":       "outputs: [{path: a.png}]\nstep: []",
		"too long":             "outputs: [{path: a.png}] #" + strings.Repeat("x", 1<<16),
	} {
		j := b.inline(photo, text)
		if r, err := b.engine.Process(t.Context(), j); err == nil {
			t.Errorf("%s: it was done: %+v", what, r)
		}
		if left, _ := filepath.Glob(filepath.Join(j.Output, "*")); len(left) > 0 {
			t.Errorf("%s: it left %q", what, left)
		}
	}
	j := b.inline(photo, steps("{resize: {width: 50}}"))
	j.Unrecorded = false
	if _, err := b.engine.Process(t.Context(), j); err == nil {
		t.Error("a recorded job brought its own pipeline")
	}
}

func TestInlinePipelinesOfManyTexts(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	photo := b.photo("a.jpg", 100, 80, 1)
	var all sync.WaitGroup
	for i := range 150 {
		j := b.inline(photo, fmt.Sprintf("steps: [{resize: {width: %d}}]\noutputs: [{path: o.jpg}]", i%80+1))
		all.Go(func() {
			if r, err := b.engine.Process(t.Context(), j); err != nil || len(r.Outputs) != 1 {
				t.Errorf("%d: got %+v, %v", i, r, err)
			}
		})
	}
	all.Wait()
}

// A decoder may reduce a photo for the step that alone reads it; which way up it
// is stored, and what else is done to it, changes nothing of the size.
func TestInlinePipelinesOfReducedPhotos(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	photo := b.photo("a.jpg", 801, 603, 1)
	for steps, want := range map[string][2]int{
		"{transform: {operations: [{fit: true, embed: true, width: 100, height: 100}]}}":                                               {100, 75},
		"{transform: {operations: [{fit: true, embed: true, width: 300, height: 300}]}}":                                               {300, 226},
		"{transform: {operations: [{rotate: 90}, {crop: true, gravity: smart, width: 100, height: 90}]}}":                              {100, 90},
		"{transform: {operations: [{width: 70000, optional: true}]}}":                                                                  {0, 0},
		"{transform: {operations: [{area_width: 5000, area_height: 1, optional: true}, {width: 80}]}}":                                 {80, 60},
		"{transform: {operations: [{crop: true, width: 200}]}}":                                                                        {200, 603},
		"{transform: {operations: [{width: 100}]}}, {resize: {width: 50}}":                                                             {50, 38},
		"{transform: {operations: []}}":                                                                                                {801, 603},
		"{transform: {operations: [{width: 100}, {width: 1000, height: 10}]}, when: width > 800}, {sharpen: {}}":                       {1000, 10},
		"{transform: {operations: [{width: 100}]}, when: width < 800}":                                                                 {801, 603},
		"{transform: {operations: [{area_width: 5000, area_height: 1, optional: true}, {left: 1, area_width: 100, area_height: 80}]}}": {100, 80},
	} {
		r, err := b.engine.Process(t.Context(), b.inline(photo, "steps: ["+steps+"]\noutputs: [{path: o.jpg, keep: [], provenance: false}]"))
		if want[0] == 0 {
			if err == nil {
				t.Errorf("%s was done", steps)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", steps, err)
			continue
		}
		if h, err := vips.ReadHeader(r.Outputs[0].Path); err != nil || h.Width != want[0] || h.Height != want[1] {
			t.Errorf("%s: got %d×%d, %v; want %v", steps, h.Width, h.Height, err, want)
		}
	}
}
