package plugin_test

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledger"
)

// learned is an operator with a model, whose weights are told by a text.
type learned struct {
	By      float64 `yaml:"by"`
	weights string
}

func (l learned) Build(context.Context, ops.Env) (ops.Operator, error) { return l, nil }
func (l learned) BuildFingerprint() string                             { return l.weights }
func (l learned) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	out, err := in[0].Pixels.Do("linear", vips.Args{"a": []float64{1}, "b": []float64{l.By}, "uchar": true})
	return in[0].With(out), err
}

// logged is a log that may be read while it is written.
type logged struct {
	sync.Mutex
	bytes.Buffer
}

func (l *logged) Write(b []byte) (int, error) {
	l.Lock()
	defer l.Unlock()
	return l.Buffer.Write(b)
}

func (l *logged) text() string {
	l.Lock()
	defer l.Unlock()
	return l.String()
}

func learnedFixture(t *testing.T, log *logged) *fixture {
	b := &fixture{T: t, folder: t.TempDir(), config: strings.Replace(small, "- resize: {width: 64, height: 64}", "- learned: {by: 3}", 1)}
	b.options = []plugin.Option{plugin.WithLedger(), plugin.WithLog(slog.New(slog.NewTextHandler(log, nil)))}
	b.release(1, "first")
	b.open()
	return b
}

// release is another version of the operator, or other weights.
func (b *fixture) release(version int, weights string) {
	b.specs = []ops.Spec{{Name: "learned", Version: version, Config: func() ops.Config { return &learned{weights: weights} }}}
}

func TestResultsOfAnotherBuildStayUntilTheyAreAskedFor(t *testing.T) {
	log := &logged{}
	b := learnedFixture(t, log)
	a, c := b.photo("a.jpg", 40, 30, 1), b.photo("c.jpg", 40, 30, 2)
	b.done(a)
	b.done(c)
	if strings.Contains(log.text(), "older") {
		t.Errorf("results are called older: %s", log.text())
	}
	for _, release := range []func(){func() { b.release(1, "second") }, func() { b.release(2, "second") }} {
		release()
		b.reopen()
		b.skipped(a, "already done")
		for deadline := time.Now().Add(20 * time.Second); !strings.Contains(log.text(), "results=2") && time.Now().Before(deadline); {
			time.Sleep(10 * time.Millisecond)
		}
		if n := strings.Count(log.text(), "results=2"); n != 1 {
			t.Errorf("two older results are told of %d times: %s", n, log.text())
		}
		log.Lock()
		log.Reset()
		log.Unlock()
	}

	// The engine that takes another's place says nothing of it again.
	options := b.options
	b.options = append(slices.Clone(options), plugin.WithPredecessor())
	b.reopen()
	b.skipped(a, "already done")
	b.options = options
	if text := log.text(); strings.Contains(text, "older models") {
		t.Errorf("older results are told of again: %s", text)
	}

	// An equal photo is not given an older result, and who asks gets a new one.
	data := readFile(t, a)
	if r := b.done(b.write("in/copy.jpg", data)); strings.Contains(r.Reason, "a.jpg") {
		t.Errorf("a new photo got an older result: %s", r.Reason)
	}
	q, err := plugin.ParseQuery(`glob(path, "a.jpg")`)
	if err != nil {
		t.Fatal(err)
	}
	if photos, err := b.engine.Records().Reprocess(b.Context(), q); err != nil || len(photos) != 1 {
		t.Fatalf("asked for again: %q, %v", photos, err)
	}
	b.done(a)

	// A setting counts.
	b.config = strings.Replace(b.config, "by: 3", "by: 4", 1)
	b.reopen()
	b.done(a)
	b.done(c)
}

// A ledger of an earlier release knew one fingerprint, of settings and builds
// together, so it cannot tell which of them changed.
func TestALedgerOfAnEarlierReleaseRedoesNothing(t *testing.T) {
	log := &logged{}
	b := learnedFixture(t, log)
	a, c, bad := b.photo("a.jpg", 40, 30, 1), b.photo("c.jpg", 40, 30, 2), b.write("in/bad.jpg", []byte("no photo"))
	b.done(a)
	b.done(c)
	b.fails(bad, plugin.NotImage)
	b.earlier()
	b.release(2, "second")
	b.reopen()
	b.skipped(a, "already done")
	b.skipped(bad, "in quarantine")
	b.reopen()
	b.skipped(a, "already done")
	b.skipped(c, "already done")
	if strings.Contains(log.text(), "older models") {
		t.Errorf("nobody can tell whether they are older: %s", log.text())
	}
	var tasks []string
	b.eachRecord(func(s history.Store, r history.Record) {
		tasks = append(tasks, r.Task)
		if r.Build == "" {
			t.Errorf("%s is a record of an earlier release still", r.Path)
		}
	})
	if len(tasks) != 3 || tasks[0] != tasks[1] || tasks[1] != tasks[2] {
		t.Errorf("the tasks are %q, want one of each photo", tasks)
	}
	b.open()

	// A changed photo is work, and a setting counts from now on.
	b.photo("a.jpg", 44, 30, 3)
	b.done(a)
	b.config = strings.Replace(b.config, "by: 3", "by: 4", 1)
	b.reopen()
	b.done(c)
}

// eachRecord shows all records of the engine's ledger, which it closes for it.
func (b *fixture) eachRecord(see func(history.Store, history.Record)) {
	b.Helper()
	if err := b.engine.Close(); err != nil {
		b.Fatal(err)
	}
	l, err := ledger.Open(b.path("state"))
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	if err := l.Each(false, func(r history.Record) error { see(l, r); return nil }); err != nil {
		b.Fatal(err)
	}
}

// earlier makes the ledger one that an earlier release has written.
func (b *fixture) earlier() {
	b.Helper()
	b.eachRecord(func(s history.Store, r history.Record) {
		if r.Build == "" {
			return
		}
		old := r
		old.Build = ""
		_, folder, _ := strings.Cut(r.Task, " ")
		old.Task = "0123456789abcdef " + folder
		if err := s.Put(old); err != nil {
			b.Fatal(err)
		}
		if err := s.Delete(r.Path, r.Task); err != nil {
			b.Fatal(err)
		}
	})
	b.open()
}

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
