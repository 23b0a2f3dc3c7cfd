package admission

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"testing"
	"time"
)

func limitedTo(limit int64) *MemoryLimiter {
	return &MemoryLimiter{host: HostAt(os.DevNull), limit: limit, log: slog.New(slog.DiscardHandler), factors: map[string]float64{}}
}

// begin admits a photo in the background; the channel gets what ends it.
func begin(t *testing.T, l *MemoryLimiter, kind string, bytes int64) <-chan func() {
	t.Helper()
	began := make(chan func(), 1)
	l.mu.Lock()
	before := len(l.waiting) + l.begun
	l.mu.Unlock()
	go func() {
		done, err := l.Admit(context.Background(), kind, bytes)
		if err != nil {
			t.Error(err)
		}
		began <- done
	}()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		l.mu.Lock()
		now := len(l.waiting) + l.begun
		l.mu.Unlock()
		if now > before {
			return began
		}
		if time.Now().After(deadline) {
			t.Fatal("the photo did not come")
		}
	}
}

func (l *MemoryLimiter) state() (used int64, running, waiting int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.used, l.running, len(l.waiting)
}

func TestMemoryLimiterAdmits(t *testing.T) {
	l := limitedTo(100)
	first := (<-begin(t, l, "a", 60))
	second, third := begin(t, l, "b", 60), begin(t, l, "c", 10)
	if used, running, waiting := l.state(); used != 60 || running != 1 || waiting != 2 {
		t.Errorf("%d bytes, %d running, %d waiting; the third may not overtake", used, running, waiting)
	}
	first()
	(<-second)()
	(<-third)()
	whole := <-begin(t, l, "d", 149) // more than the limit, alone
	if used, running, _ := l.state(); used < 100 || running != 1 {
		t.Errorf("%d bytes, %d running", used, running)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.Admit(ctx, "other", 10); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	whole()
	if used, running, waiting := l.state(); used != 0 || running != 0 || waiting != 0 {
		t.Errorf("%d bytes, %d running, %d waiting at the end", used, running, waiting)
	}
	var e *InsufficientMemoryError
	if _, err := l.Admit(t.Context(), "other", 151); !errors.As(err, &e) {
		t.Errorf("far too much: %v", err)
	}
}

// What was learned from other photos keeps none from being tried.
func TestNothingLearnedRefusesAPhoto(t *testing.T) {
	l := limitedTo(100)
	l.learn("a", 100, 400)
	(<-begin(t, l, "a", 120))()
}

// What others take of the machine's memory counts too.
func TestMemoryLimiterSeesTheMachine(t *testing.T) {
	l := limitedTo(100 << 10)
	l.host = HostAt(t.TempDir())
	if err := errors.Join(os.Mkdir(l.host.path("proc"), 0o755), os.WriteFile(l.host.path("proc/meminfo"), []byte("MemTotal: 20 kB\nMemAvailable: 1 kB\n"), 0o644)); err != nil {
		t.Fatal(err)
	}
	first := <-begin(t, l, "a", 2<<10)
	second := begin(t, l, "b", 2<<10)
	if _, running, waiting := l.state(); running != 1 || waiting != 1 {
		t.Errorf("%d running, %d waiting", running, waiting)
	}
	first()
	(<-second)()
}

func TestMemoryLimiterLearns(t *testing.T) {
	l := limitedTo(0)
	l.learn("a", 100, 300)
	l.learn("b", 100, 50)
	l.learn("c", 100, 1_000_000)
	for kind, want := range map[string]int64{"a": 300, "b": 50, "c": 500, "unknown": 100} {
		if got := l.Predict(kind, 100); got != want {
			t.Errorf("%s: %d, want %d", kind, got, want)
		}
	}
	l.learn("a", 100, 100)
	if got := l.Predict("a", 100); got != 270 {
		t.Errorf("after a photo that needed less: %d", got)
	}
	// Two at a time teach nothing; one alone does.
	first := <-begin(t, l, "kind", learnFrom)
	second := <-begin(t, l, "kind", learnFrom)
	first()
	second()
	if _, ok := l.factors["kind"]; ok {
		t.Error("it learned from photos that ran together")
	}
	(<-begin(t, l, "kind", learnFrom-1))()
	if _, ok := l.factors["kind"]; ok {
		t.Error("it learned from a small photo")
	}
	(<-begin(t, l, "kind", learnFrom))()
	if _, ok := l.factors["kind"]; !ok {
		t.Error("it did not learn from a photo alone")
	}
}
