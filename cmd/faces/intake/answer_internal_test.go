package intake

import (
	"errors"
	"io"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin"
)

// An answer is cut off that is read more slowly than any network is.
func TestAnswersAreReadInTime(t *testing.T) {
	for name, c := range map[string]struct {
		ago  time.Duration
		read int64
		want error
	}{
		"at first":   {silence / 2, 0, nil},
		"fast":       {silence + time.Minute, 60*readRate + 1, nil},
		"slow":       {silence + time.Minute, 59 * readRate, errSlowReader},
		"not at all": {silence + time.Second, 0, errSlowReader},
	} {
		a := &answered{ResponseWriter: httptest.NewRecorder(), since: time.Now().Add(-c.ago), n: c.read}
		if _, err := io.Copy(a, strings.NewReader("pixels")); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// A place is given back once, and its photo is not processed any more.
func TestYield(t *testing.T) {
	i, err := Open(Options{StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	i.Configure(Config{Queue: 1})
	p, err := i.Take(t.Context(), strings.NewReader("pixels"), "a.jpg")
	if err != nil {
		t.Fatal(err)
	}
	p.Yield()
	if _, err := p.Process(t.Context(), plugin.Job{}); err == nil {
		t.Error("it was processed without a place")
	}
	q, err := i.Take(t.Context(), strings.NewReader("pixels"), "a.jpg")
	if err != nil {
		t.Fatal(err)
	}
	p.Close()
	if i.held != 1 || i.used != 6 {
		t.Errorf("%d places and %d bytes are held, want 1 and 6", i.held, i.used)
	}
	q.Close()
	if i.held != 0 || i.used != 0 {
		t.Errorf("%d places and %d bytes are held in the end", i.held, i.used)
	}
}
