package logging_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/cmd/logging"
	"github.com/burnish-photo/burnish/ops/event"
)

func TestRecentLinesOfAPhoto(t *testing.T) {
	r := logging.NewRecent()
	log := slog.New(r.Keep(slog.DiscardHandler))
	log.Error("failed, will retry", event.PhotoFailed.Attr(), "photo", "/in/a.jpg", "error", "disk\x1b[31m full\n", event.Detailed("result", "failed"))
	log.Debug("skipped", "photo", "/in/a.jpg")
	log.With("photo", "/in/b.jpg").Warn("slow", "took", 3)
	log.Info("ready")
	got := r.Of("/in/a.jpg")
	if len(got) != 1 || got[0].Level != slog.LevelError || got[0].Text != `failed, will retry  error: disk\x1b[31m full\n` || got[0].Time.IsZero() {
		t.Errorf("%+v", got)
	}
	if got := r.Of("/in/b.jpg"); len(got) != 1 || got[0].Text != "slow  took: 3" {
		t.Errorf("%+v", got)
	}
	if got := r.Of("/in/c.jpg"); got != nil {
		t.Errorf("%+v", got)
	}
}

// Whatever is logged, what is kept is bounded, and the latest is kept.
func TestRecentLinesAreBounded(t *testing.T) {
	r := logging.NewRecent()
	log := slog.New(r.Keep(slog.DiscardHandler))
	long := strings.Repeat("ö", 5000)
	for i := range 3000 {
		log.Error("failed", "photo", fmt.Sprintf("/in/%d.jpg", i), "error", long)
	}
	for i := range 200 {
		log.Error("failed", "photo", "/in/often.jpg", "try", i)
	}
	if r.Of("/in/0.jpg") != nil || r.Of("/in/2999.jpg") == nil {
		t.Error("the oldest are kept, or the latest are not")
	}
	if text := r.Of("/in/2999.jpg")[0].Text; len(text) > 5000 || !strings.HasSuffix(text, "…") {
		t.Errorf("a line of %d bytes", len(text))
	}
	if often := r.Of("/in/often.jpg"); len(often) != 50 || often[49].Text != "failed  try: 199" {
		t.Errorf("%d lines, the last %q", len(often), often[len(often)-1].Text)
	}
	kept := 0
	for i := range 3000 {
		for _, l := range r.Of(fmt.Sprintf("/in/%d.jpg", i)) {
			kept += len(l.Text)
		}
	}
	if kept > 4<<20 || kept < 3<<20 {
		t.Errorf("%d bytes are kept", kept)
	}
}
