package plugin_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/config"
	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/plugin"
)

// gate is an operator that waits for it to be opened.
type gate struct{ began, open chan bool }

func (g *gate) Build(context.Context, ops.Env) (ops.Operator, error) { return g, nil }

func (g *gate) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	g.began <- true
	<-g.open
	return in[0].Same(), nil
}

// succeed opens an engine by another text that may take the fixture's place.
func (b *fixture) succeed(text string, options ...plugin.Option) (*plugin.Engine, error) {
	b.Helper()
	reg, err := ops.NewRegistry(b.specs...)
	if err != nil {
		b.Fatal(err)
	}
	c, faults := config.Parse("test.yaml", b.folder, []byte(text), reg)
	if errs, _ := faults.Split(); len(errs) > 0 {
		b.Fatal(errs)
	}
	return plugin.Open(b.Context(), c.Engine(), reg, append(options, plugin.WithSuccession(b.engine))...)
}

// Photos under way end by the engine that they began with, while the next one has
// taken its place; both keep the same records.
func TestAnEngineSucceedsAnotherWithAPhotoUnderWay(t *testing.T) {
	g := &gate{make(chan bool), make(chan bool)}
	b := &fixture{T: t, folder: t.TempDir(), options: []plugin.Option{plugin.WithLedger()}}
	b.specs = append(builtin.Specs(), ops.Spec{Name: "gate", Version: 1, Summary: "wait", Config: func() ops.Config { return g }})
	two := strings.Replace(small, "pipelines:", "limits: {concurrency: 2}\npipelines:", 1)
	b.config = strings.Replace(two, "- resize: {width: 64, height: 64}", "- gate: {}", 1)
	b.open()
	former := b.engine
	type end struct {
		result plugin.Result
		err    error
	}
	ended := make(chan end, 1)
	job := b.job(b.photo("a.jpg", 100, 80, 1))
	go func() {
		r, err := former.Process(t.Context(), job)
		ended <- end{r, err}
	}()
	<-g.began
	given, err := b.succeed(two)
	if err != nil {
		t.Fatal(err)
	}
	if err := given.Close(); err != nil { // one that does not take over leaves all as it was
		t.Fatal(err)
	}
	if b.engine, err = b.succeed(strings.Replace(two, "{stem}.png", "{stem}.small.png", 1)); err != nil {
		t.Fatal(err)
	}
	if err := plugin.TakeOver(t.Context(), b.engine); err != nil {
		t.Fatal(err)
	}
	if admitted, _ := b.engine.Memory(); admitted == 0 {
		t.Error("the memory of the photo under way is not counted")
	}
	b.done(b.photo("b.jpg", 100, 80, 2))
	g.open <- true
	if e := <-ended; e.err != nil || len(e.result.Outputs) != 1 || filepath.Base(e.result.Outputs[0].Path) != "a.png" {
		t.Errorf("the photo under way: %+v", e)
	}
	if err := former.Close(); err != nil {
		t.Error(err)
	}
	b.done(b.photo("c.jpg", 100, 80, 3))
	if names := b.remembered(); strings.Join(names, " ") != "a.jpg b.jpg c.jpg" {
		t.Errorf("remembered are %v", names)
	}
	if left, _ := filepath.Glob(b.path("state/burnish-scratch-*")); len(left) != 1 {
		t.Errorf("scratch folders: %v", left)
	}
	b.reopen() // the ledger is free again
	if left, err := os.ReadDir(b.path("out")); err != nil || len(left) != 3 {
		t.Errorf("outputs: %v, %v", left, err)
	}
}

// A network that is open is not opened again, and one that is not is refused where
// it might end the process.
func TestASuccessorOpensOnlyNewNetworks(t *testing.T) {
	text := strings.Replace(small, "pipelines:", "restore: {device: cpu}\npipelines:", 1)
	with := func(step string) string {
		return strings.Replace(text, "- resize: {width: 64, height: 64}", "- "+step, 1)
	}
	b := &fixture{T: t, folder: t.TempDir(), options: []plugin.Option{plugin.WithLedger()}, specs: builtin.Specs(), config: text}
	b.open()
	if _, err := b.succeed(with("promptcir: {model: lite}"), plugin.WithOpenNetworks()); !errors.Is(err, ops.ErrNotOpen) {
		t.Fatalf("a network that is not open: %v", err)
	}
	first, err := b.succeed(with("promptcir: {model: lite}"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := b.succeed(with("promptcir: {model: lite, strength: 0.5}"), plugin.WithOpenNetworks())
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []*plugin.Engine{first, second} {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}
