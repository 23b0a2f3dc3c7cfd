package plugin_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/plugin"
)

const twoSteps = `version: 1
state_dir: state
cache: {size: 1GB}
pipelines:
  small:
    steps:
      - promptcir: {skip: never, fidelity: strict}
      - resize: {width: 64, height: 64}
    outputs:
      - path: "{dir}/{stem}.png"
      - path: "{dir}/{stem}-whole.png"
        from: source
`

// A step after the network is changed: the network does not run again, and the
// output is to the bit what it would be without the cache.
func TestNetworksRunOnce(t *testing.T) {
	b := newFixture(t, twoSteps, plugin.WithLedger())
	a := b.write("in/a.jpg", readFile(t, "../packaging/demo/photos/dune-q10.jpg"))
	first := b.done(a)
	if s := first.Stats; s.Misses != 1 || s.Hits != 0 || s.Tiles == 0 {
		t.Fatalf("the first run: %+v", s)
	}
	b.change("width: 64", "width: 48")
	began := time.Now()
	second := b.done(a)
	if s := second.Stats; s.Hits != 1 || s.Tiles != 0 || len(second.Outputs) != 1 || second.Notes["model"] != first.Notes["model"] {
		t.Errorf("the second run: %+v, %v", s, second.Notes)
	}
	t.Logf("the first run took %v, the second %v", first.Elapsed, time.Since(began))
	cached := readFile(t, b.path("out/a.png"))

	// The same without the cache.
	plain := newFixture(t, strings.Replace(b.config, "cache: {size: 1GB}\n", "", 1), plugin.WithLedger())
	r := plain.done(plain.write("in/a.jpg", readFile(t, a)))
	if r.Stats.Misses != 0 || string(readFile(t, plain.path("out/a.png"))) != string(cached) {
		t.Errorf("without the cache another file comes of it: %+v", r.Stats)
	}

	// A damaged file costs the work.
	b.change("width: 48", "width: 32")
	err := filepath.WalkDir(b.path("state/cache"), func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			err = os.Truncate(path, 1000)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if s := b.done(a).Stats; s.Misses != 1 || s.Tiles == 0 {
		t.Errorf("with a damaged file: %+v", s)
	}
	// So does another parameter of the network's.
	b.change("strict", "off")
	if s := b.done(a).Stats; s.Misses != 1 || s.Tiles == 0 {
		t.Errorf("with another parameter: %+v", s)
	}
}

// rewriting is an operator that lets another write to the photo's file.
type rewriting struct{ write func() }

func (r rewriting) Build(context.Context, ops.Env) (ops.Operator, error) { return r, nil }

func (r rewriting) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	r.write()
	return in[0].Same(), nil
}

// What was computed of a file that was written to meanwhile is not kept as that of
// its former content.
func TestAPhotoThatChangesIsNotCached(t *testing.T) {
	var a string
	photo := readFile(t, "../packaging/demo/photos/dune-q10.jpg")
	b := &fixture{T: t, folder: t.TempDir(), options: []plugin.Option{plugin.WithLedger()}}
	b.config = strings.Replace(twoSteps, "      - promptcir", "      - rewriting: {}\n      - promptcir", 1)
	write := func() {
		if err := os.WriteFile(a, append(photo, "more"...), 0o644); err != nil {
			t.Error(err)
		}
	}
	b.specs = append(builtin.Specs(), ops.Spec{Name: "rewriting", Version: 1, Config: func() ops.Config { return &rewriting{write} }})
	b.open()
	a = b.write("in/a.jpg", photo)
	b.fails(a, plugin.Changed)
	if stats, err := plugin.StatCache(b.path("state")); err != nil || stats.Files > 0 {
		t.Errorf("kept: %+v, %v", stats, err)
	}
}
