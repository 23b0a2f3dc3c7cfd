package plugin

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func testGovernor(limit int64) *governor {
	return &governor{limit: limit, log: slog.New(slog.DiscardHandler), factors: map[string]float64{}}
}

// begin admits a photo in the background; the channel gets what ends it.
func begin(t *testing.T, g *governor, kind string, bytes int64) <-chan func() {
	t.Helper()
	began := make(chan func(), 1)
	g.mu.Lock()
	before := len(g.waiting) + g.begun
	g.mu.Unlock()
	go func() {
		done, err := g.admit(context.Background(), kind, bytes)
		if err != nil {
			t.Error(err)
		}
		began <- done
	}()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		g.mu.Lock()
		now := len(g.waiting) + g.begun
		g.mu.Unlock()
		if now > before {
			return began
		}
		if time.Now().After(deadline) {
			t.Fatal("the photo did not come")
		}
	}
}

func (g *governor) state() (used int64, running, waiting int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.used, g.running, len(g.waiting)
}

func TestGovernorAdmits(t *testing.T) {
	g := testGovernor(100)
	first := (<-begin(t, g, "a", 60))
	second, third := begin(t, g, "b", 60), begin(t, g, "c", 10)
	if used, running, waiting := g.state(); used != 60 || running != 1 || waiting != 2 {
		t.Errorf("%d bytes, %d running, %d waiting; the third may not overtake", used, running, waiting)
	}
	first()
	(<-second)()
	(<-third)()
	whole := <-begin(t, g, "d", 149) // more than the limit, alone
	if used, running, _ := g.state(); used < 100 || running != 1 {
		t.Errorf("%d bytes, %d running", used, running)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := g.admit(ctx, "other", 10); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	whole()
	if used, running, waiting := g.state(); used != 0 || running != 0 || waiting != 0 {
		t.Errorf("%d bytes, %d running, %d waiting at the end", used, running, waiting)
	}
	var e *tooMuchError
	if _, err := g.admit(t.Context(), "other", 151); !errors.As(err, &e) {
		t.Errorf("far too much: %v", err)
	}
}

// What was learned from other photos keeps none from being tried.
func TestNothingLearnedRefusesAPhoto(t *testing.T) {
	g := testGovernor(100)
	g.learn("a", 100, 400)
	(<-begin(t, g, "a", 120))()
}

// What others take of the machine's memory counts too.
func TestGovernorSeesTheMachine(t *testing.T) {
	g := testGovernor(100)
	g.free = func() int64 { return 5 }
	first := <-begin(t, g, "a", 10)
	second := begin(t, g, "b", 10)
	if _, running, waiting := g.state(); running != 1 || waiting != 1 {
		t.Errorf("%d running, %d waiting", running, waiting)
	}
	first()
	(<-second)()
}

func TestGovernorLearns(t *testing.T) {
	g := testGovernor(0)
	g.learn("a", 100, 300)
	g.learn("b", 100, 50)
	g.learn("c", 100, 1_000_000)
	for kind, want := range map[string]int64{"a": 300, "b": 50, "c": 500, "unknown": 100} {
		if got := g.predict(kind, 100); got != want {
			t.Errorf("%s: %d, want %d", kind, got, want)
		}
	}
	g.learn("a", 100, 100)
	if got := g.predict("a", 100); got != 270 {
		t.Errorf("after a photo that needed less: %d", got)
	}
	// Two at a time teach nothing; one alone does.
	first := <-begin(t, g, "kind", learnFrom)
	second := <-begin(t, g, "kind", learnFrom)
	first()
	second()
	if _, ok := g.factors["kind"]; ok {
		t.Error("it learned from photos that ran together")
	}
	(<-begin(t, g, "kind", learnFrom-1))()
	if _, ok := g.factors["kind"]; ok {
		t.Error("it learned from a small photo")
	}
	(<-begin(t, g, "kind", learnFrom))()
	if _, ok := g.factors["kind"]; !ok {
		t.Error("it did not learn from a photo alone")
	}
}

func TestMemoryLimit(t *testing.T) {
	for name, c := range map[string]struct {
		files map[string]string
		want  int64
	}{
		"none":     {nil, 0},
		"v2":       {map[string]string{"proc/self/cgroup": "0::/a/b\n", "sys/fs/cgroup/a/b/memory.max": "max\n", "sys/fs/cgroup/a/memory.max": "500\n", "sys/fs/cgroup/a/b/memory.high": "400\n"}, 400},
		"v2 max":   {map[string]string{"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, 0},
		"v1":       {map[string]string{"proc/self/cgroup": "5:cpu,memory:/docker/x\n0::/\n", "sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes": "9223372036854771712\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "700\n"}, 700},
		"v1 unset": {map[string]string{"proc/self/cgroup": "5:memory:/\n", "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n"}, 0},
	} {
		root := t.TempDir()
		for path, text := range c.files {
			path = filepath.Join(root, path)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
				t.Fatal(err)
			}
		}
		if got := memoryLimit(root); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
	if g := newGovernor(0, slog.New(slog.DiscardHandler)); resident() > 0 && (g.limit < 16<<20 || g.limit > installed()) {
		t.Errorf("on this machine: %+v", g)
	}
	if !slices.Contains([]int64{0, 1 << 30}, newGovernor(1<<30, slog.New(slog.DiscardHandler)).limit) {
		t.Error("the configured limit does not count")
	}
}

func TestKeptPagesShareTheMemoryOfOneImage(t *testing.T) {
	targets := []target{{path: "a.1.png"}, {path: "a.gif"}, {path: "a.2.png"}, {path: "a.gif"}, {path: "a.3.png"}, {path: "a.gif"}, {path: ""}, {path: ""}}
	if got := frameLimit(targets); got > inMemory/3 || got < inMemory/4 {
		t.Errorf("%d bytes a page, of %d", got, inMemory)
	}
}
