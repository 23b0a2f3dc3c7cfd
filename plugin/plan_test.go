package plugin_test

import (
	"os"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/plugin"
)

// A plan asks what processing asks: it gives the same reasons and names, of
// photos that are new, done, changed, equal to others and of Burnish's making.
func TestAPlanSaysWhatProcessingDoes(t *testing.T) {
	b := newFixture(t, outputs(`{path: "{stem}.png", collision: number}`), plugin.WithLedger())
	done, changed := b.photo("done.jpg", 40, 30, 1), b.photo("changed.jpg", 40, 30, 2)
	b.done(done)
	b.done(changed)
	b.photo("changed.jpg", 44, 30, 3)
	own := b.write("in/own.png", readFile(t, b.path("out/done.png")))
	photos := []string{
		done, changed, own, b.photo("sub/done.jpg", 40, 30, 5), b.photo("new.jpg", 40, 30, 4),
		b.write("in/equal.jpg", readFile(t, done)), b.write("in/text.txt", []byte("words")), b.write("in/bad.jpg", []byte("words")),
	}

	asking := &fixture{T: t, folder: b.folder, config: b.config, specs: b.specs, options: []plugin.Option{
		plugin.WithRecall(b.engine.Records().Recall), plugin.WithRecognition(),
	}}
	asking.open()
	for _, photo := range photos {
		plan, planned := asking.engine.Plan(t.Context(), b.job(photo))
		before := len(b.files("out"))
		r, err := b.process(photo)
		switch {
		case (planned == nil) != (err == nil) || err != nil && planned.Error() != err.Error():
			t.Errorf("%s: planned %v, got %v", photo, planned, err)
		case err == nil && r.State == plugin.Skipped && !strings.HasPrefix(plan.Reason, r.Reason):
			t.Errorf("%s: planned %q, got %q", photo, plan.Reason, r.Reason)
		case err == nil && r.State == plugin.Done && (plan.Reason != "" || plan.Outputs[0].Path != r.Outputs[0].Path):
			t.Errorf("%s: planned %q and %+v, got %+v", photo, plan.Reason, plan.Outputs, r.Outputs)
		}
		if err != nil && before != len(b.files("out")) {
			t.Errorf("%s: %v, and something was written", photo, err)
		}
	}
	if _, err := os.Stat(b.path("out/changed-2.png")); err == nil {
		t.Error("a changed photo got a second output")
	}
}
