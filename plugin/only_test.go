package plugin_test

import (
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/plugin"
)

func TestOnlyWhatIsAskedForIsMade(t *testing.T) {
	b := newFixture(t, small+`      - path: "{stem}.webp"
      - {path: "{stem}-never.png", when: "width > 1000"}
`, plugin.WithLedger())
	j := b.job(b.photo("a.jpg", 100, 80, 1))
	j.Only = []int{1}
	if _, err := b.engine.Process(t.Context(), j); err == nil {
		t.Error("a recorded photo has some outputs only")
	}
	j.Unrecorded = true
	r, err := b.engine.Process(t.Context(), j)
	if err != nil || len(r.Outputs) != 1 || r.Outputs[0].Index != 1 || r.Outputs[0].Format != "webp" {
		t.Errorf("got %+v, %v", r, err)
	}
	j.Only = []int{2}
	if r, err = b.engine.Process(t.Context(), j); err != nil || r.State != plugin.Skipped || !strings.Contains(r.Reason, "no output is wanted of it") {
		t.Errorf("an output that is not wanted: %+v, %v", r, err)
	}
}
