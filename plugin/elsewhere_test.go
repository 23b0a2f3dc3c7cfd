package plugin_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/plugin"
)

// handOver hands a photo of b's to another engine of the same configuration, and
// is the job with what that one made.
func (b *fixture) handOver(photo string) plugin.Job {
	b.Helper()
	job := b.job(photo)
	job.HandOver = b.T.TempDir()
	r, err := b.engine.Process(b.Context(), job)
	if err != nil || r.State != plugin.HandedOver || r.Handed == nil {
		b.Fatalf("got %+v, %v; want it handed over", r, err)
	}
	other := newFixture(b.T, b.config)
	if build := plugin.BuildOf(other.engine, "small"); build != r.Handed.Build || build == "" {
		b.Fatalf("the other engine's build is %q, want %q", build, r.Handed.Build)
	}
	made, err := other.engine.Process(b.Context(), plugin.Job{Path: r.Handed.File, Pipeline: "small", Output: b.T.TempDir(), Only: r.Handed.Only, Unrecorded: true})
	if err != nil {
		b.Fatal(err)
	}
	job.HandOver = ""
	job.Made = &plugin.Made{Content: r.Handed.Content, Build: r.Handed.Build, Outputs: made.Outputs, Notes: made.Notes}
	return job
}

func TestWhatAnotherEngineMadeIsPublished(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	photo := b.photo("a.jpg", 100, 80, 1)
	job := b.handOver(photo)
	r, err := b.engine.Process(t.Context(), job)
	if err != nil || r.State != plugin.Done || len(r.Outputs) != 1 || r.Outputs[0].Path != filepath.Join(b.folder, "out", "a.png") {
		t.Fatalf("got %+v, %v; want the output beside a.jpg's others", r, err)
	}
	if _, ok := r.Notes["delta_e:a.png"]; !ok {
		t.Errorf("the notes %v do not speak of a.png", r.Notes)
	}
	b.skipped(photo, "already done")
	if again, err := b.engine.Process(t.Context(), job); err != nil || again.State != plugin.Skipped {
		t.Errorf("the same once more: got %+v, %v; want it skipped", again, err)
	}
}

func TestWhatAnotherEngineMadeIsVerified(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	first, second := b.photo("a.jpg", 100, 80, 1), b.photo("b.jpg", 100, 80, 9)
	for _, c := range []struct {
		name, want string
		change     func(m *plugin.Made, o *plugin.Output, other plugin.Output)
	}{
		{"other bytes", "was said to have", func(_ *plugin.Made, o *plugin.Output, other plugin.Output) { o.Path = other.Path }},
		{"the output of another photo", "made of another photo", func(_ *plugin.Made, o *plugin.Output, other plugin.Output) { *o = other }},
		{"another size", "pixels, not", func(_ *plugin.Made, o *plugin.Output, _ plugin.Output) { o.Width++ }},
		{"no output", "not made", func(m *plugin.Made, _ *plugin.Output, _ plugin.Output) { m.Outputs = nil }},
		{"another content", "not of this photo", func(m *plugin.Made, _ *plugin.Output, _ plugin.Output) { m.Content = strings.Repeat("0", 64) }},
		{"another pipeline", "not of this photo", func(m *plugin.Made, _ *plugin.Output, _ plugin.Output) { m.Build = "x" }},
		{"a failure", "no picture", func(m *plugin.Made, _ *plugin.Output, _ plugin.Output) {
			m.Failure = &plugin.MadeFailure{Kind: plugin.StepFailed, Reason: "no picture"}
		}},
	} {
		job, other := b.handOver(first), b.handOver(second)
		c.change(job.Made, &job.Made.Outputs[0], other.Made.Outputs[0])
		job.Probe = true // no strikes
		if _, err := b.engine.Process(t.Context(), job); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
	if left, _ := os.ReadDir(filepath.Join(b.folder, "out")); len(left) > 0 {
		t.Errorf("%v was published", left)
	}
}
