package logging

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops/event"
)

func TestEqualLinesAreFolded(t *testing.T) {
	var out bytes.Buffer
	f := newSampler(slog.NewTextHandler(&out, nil))
	log := slog.New(f)
	for i := range 100 {
		photo := fmt.Sprintf("/in/%d.jpg", i)
		log.Error("failed", "photo", photo, "error", photo+": no space left", "seconds", event.Seconds(float64(i)/1000))
		log.Info("done", "photo", photo)
	}
	log.With("a", 1).Error("failed", "photo", "/x", "error", "another")
	if n := strings.Count(out.String(), "msg=failed"); n != foldAfter+1 {
		t.Errorf("%d lines of failures, want %d", n, foldAfter+1)
	}
	if n := strings.Count(out.String(), "msg=done"); n != 100 {
		t.Errorf("%d lines of successes, want 100", n)
	}
	out.Reset()
	for key, k := range f.state.seen {
		f.unfold(key, k, slog.NewRecord(time.Now(), slog.LevelError, "failed", 0))
	}
	if !strings.Contains(out.String(), fmt.Sprintf("more_like_it=%d", 100-foldAfter)) {
		t.Errorf("the rest is not counted: %s", out.String())
	}
}
