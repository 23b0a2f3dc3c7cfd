package plugin_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/history"
)

// counting is an operator that counts how often it ran.
type counting struct {
	By  float64 `yaml:"by"`
	ran *atomic.Int64
}

func (c counting) Build(context.Context, ops.Env) (ops.Operator, error) { return c, nil }

func (c counting) Apply(ctx context.Context, in []ops.Image) (ops.Image, error) {
	c.ran.Add(1)
	return learned{By: c.By}.Apply(ctx, in)
}

// several has outputs of three kinds: of every step, of the first, and of none.
const several = `version: 1
state_dir: state
pipelines:
  small:
    steps:
      - counting: {by: 3}
        id: first
      - resize: {width: 64, height: 64}
        id: second
        when: width > 10 and not ran("first") or width > 1
    outputs:
      - path: "{dir}/{stem}.png"
      - path: "{dir}/{stem}-large.jpg"
        from: first
        jpeg: {quality: 90}
      - path: "{dir}/{stem}-copy.jpg"
        from: source
`

func severalFixture(t *testing.T) (*fixture, *atomic.Int64) {
	ran := &atomic.Int64{}
	b := &fixture{T: t, folder: t.TempDir(), config: several, options: []plugin.Option{plugin.WithLedger()}}
	b.specs = append(builtin.Specs(), ops.Spec{Name: "counting", Version: 1, Config: func() ops.Config { return &counting{ran: ran} }})
	b.open()
	return b, ran
}

// change replaces text in the configuration and opens it.
func (b *fixture) change(replacements ...string) {
	b.Helper()
	before := b.config
	if b.config = strings.NewReplacer(replacements...).Replace(b.config); b.config == before {
		b.Fatalf("nothing to replace: %q", replacements)
	}
	b.reopen()
}

// made are the names of the outputs that are another file since, or new.
func (b *fixture) made(since map[string]os.FileInfo) (names []string) {
	b.Helper()
	for _, name := range b.files("out") {
		if before, ok := since[name]; !ok || !os.SameFile(before, b.stat(name)) {
			names = append(names, filepath.Base(name))
		}
	}
	return names
}

func (b *fixture) stat(name string) os.FileInfo {
	b.Helper()
	info, err := os.Stat(filepath.Join(b.folder, name))
	if err != nil {
		b.Fatal(err)
	}
	return info
}

func (b *fixture) outputs() map[string]os.FileInfo {
	b.Helper()
	all := map[string]os.FileInfo{}
	for _, name := range b.files("out") {
		all[name] = b.stat(name)
	}
	return all
}

func TestOnlyWhatChangedIsMadeAnew(t *testing.T) {
	for _, test := range []struct {
		name    string
		replace []string
		made    []string
		steps   int64 // runs of the first
		left    []string
	}{
		{name: "a late step", replace: []string{"width: 64", "width: 32"}, made: []string{"a.png"}, steps: 1},
		{name: "the first step", replace: []string{"by: 3", "by: 4"}, made: []string{"a-large.jpg", "a.png"}, steps: 1},
		{name: "an encoder", replace: []string{"quality: 90", "quality: 80"}, made: []string{"a-large.jpg"}, steps: 1},
		{name: "an output of the source", replace: []string{"-copy.jpg", "-copy.webp"}, made: []string{"a-copy.webp"}, steps: 0, left: []string{"a-copy.jpg"}},
		{name: "an output more", replace: []string{"    outputs:\n", "    outputs:\n      - path: \"{stem}.tiff\"\n        from: source\n"}, made: []string{"a.tiff"}, steps: 0},
		{name: "an output less", replace: []string{"      - path: \"{dir}/{stem}-large.jpg\"\n        from: first\n        jpeg: {quality: 90}\n", ""}, left: []string{"a-large.jpg"}},
		{name: "a condition that does not hold", replace: []string{"        from: source\n", "        from: source\n        when: width < 10\n"}, left: []string{"a-copy.jpg"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, ran := severalFixture(t)
			a := b.photo("a.jpg", 200, 100, 1)
			b.done(a)
			before := b.outputs()
			ran.Store(0)
			b.change(test.replace...)
			if _, err := b.process(a); err != nil {
				t.Fatal(err)
			}
			if got := b.made(before); !slices.Equal(got, test.made) || ran.Load() != test.steps {
				t.Errorf("made anew: %q, with %d runs of the first step; want %q, %d", got, ran.Load(), test.made, test.steps)
			}
			b.skipped(a, "already done")
			b.reopen()
			b.skipped(a, "already done")
			b.eachRecord(func(_ history.Store, r history.Record) {
				var left []string
				for _, o := range r.Former {
					left = append(left, filepath.Base(o.Path))
				}
				if !slices.Equal(left, test.left) {
					t.Errorf("left behind: %q, want %q", left, test.left)
				}
				if r.State != history.Done || len(r.Outputs)+len(r.LeftOut) != strings.Count(b.config, "path:") {
					t.Errorf("recorded: %+v, %v", r.Outputs, r.LeftOut)
				}
				for _, o := range r.Outputs {
					if _, err := os.Stat(o.Path); err != nil {
						t.Error(err)
					}
				}
			})
			b.open()
		})
	}
}

// A pipeline that is again as it was makes its outputs again: what another has made
// since is not its own, though it was once done.
func TestAPipelineOfBeforeMakesItsOutputsAgain(t *testing.T) {
	b, _ := severalFixture(t)
	a := b.photo("a.jpg", 200, 100, 1)
	b.done(a)
	for _, width := range [][2]string{{"64", "32"}, {"32", "64"}, {"64", "48"}, {"48", "32"}} {
		before := b.outputs()
		b.change("width: "+width[0], "width: "+width[1])
		if _, err := b.process(a); err != nil {
			t.Fatal(err)
		}
		if got := b.made(before); !slices.Equal(got, []string{"a.png"}) {
			t.Errorf("from %s to %s, made anew: %q", width[0], width[1], got)
		}
		b.skipped(a, "already done")
		records := 0
		b.eachRecord(func(history.Store, history.Record) { records++ })
		b.open()
		if records != 1 {
			t.Errorf("%d records tell of the photo, want one", records)
		}
	}
}

// A configuration that says the same in other words changes nothing.
func TestOtherWordsAreNoChange(t *testing.T) {
	for name, text := range map[string]string{
		"a comment":              strings.Replace(several, "steps:", "steps: # in order", 1),
		"spaces":                 strings.Replace(several, "{by: 3}", "{ by:   3.0 }", 1),
		"a block":                strings.Replace(several, "{by: 3}", "\n          by: 3", 1),
		"the order of keys":      strings.Replace(several, "{width: 64, height: 64}", "{height: 64, width: 64}", 1),
		"the order in a step":    strings.Replace(several, "- resize: {width: 64, height: 64}\n        id: second\n", "- id: second\n        resize: {width: 64, height: 64}\n", 1),
		"other ids":              strings.NewReplacer("first", "restored", "second", "shrunk").Replace(several),
		"brackets":               strings.Replace(several, `width > 10 and not ran("first") or width > 1`, `(width>10 && !ran('first')) || (width > 1)`, 1),
		"the order of outputs":   reordered(several),
		"another pipeline's":     several + "  other:\n    steps: []\n    outputs: [{path: \"{stem}.webp\"}]\n",
		"a step that none reads": strings.Replace(several, "      - resize:", "      - gaussblur: {sigma: 2}\n        id: unread\n        from: first\n      - from: first\n        resize:", 1),
	} {
		t.Run(name, func(t *testing.T) {
			if text == several {
				t.Fatal("nothing was replaced")
			}
			b, ran := severalFixture(t)
			a := b.photo("a.jpg", 200, 100, 1)
			b.done(a)
			before := b.outputs()
			ran.Store(0)
			b.config = text
			b.reopen()
			b.skipped(a, "already done")
			if got := b.made(before); len(got) > 0 || ran.Load() > 0 {
				t.Errorf("made anew: %q, %d runs", got, ran.Load())
			}
		})
	}
}

// reordered has the first output last.
func reordered(text string) string {
	const first = "      - path: \"{dir}/{stem}.png\"\n"
	return strings.Replace(text, first, "", 1) + first
}

func TestARenamedPipelineIsNoChange(t *testing.T) {
	b, ran := severalFixture(t)
	a := b.photo("a.jpg", 200, 100, 1)
	b.done(a)
	ran.Store(0)
	b.change("  small:", "  tiny:")
	j := b.job(a)
	j.Pipeline = "tiny"
	if r, err := b.engine.Process(t.Context(), j); err != nil || r.State != plugin.Skipped || ran.Load() > 0 {
		t.Errorf("%+v, %v, %d runs; want it skipped", r, err, ran.Load())
	}
}

func TestAChangeWaitsForSomebodyToAsk(t *testing.T) {
	b, ran := severalFixture(t)
	a := b.photo("a.jpg", 200, 100, 1)
	b.done(a)
	before := b.outputs()
	b.change("width: 64", "width: 32")
	ran.Store(0)
	process := func(path, onChange string) plugin.Result {
		t.Helper()
		j := b.job(path)
		j.OnChange = onChange
		r, err := b.engine.Process(t.Context(), j)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for onChange, reason := range map[string]string{plugin.AskFirst: "burnish reprocess", plugin.KeepOutputs: "on_change keeps it"} {
		if r := process(a, onChange); r.State != plugin.Skipped || !strings.Contains(r.Reason, reason) {
			t.Errorf("%s: %+v", onChange, r)
		}
	}
	// A new photo follows the pipeline as it is.
	c := b.photo("c.jpg", 200, 100, 2)
	if r := process(c, plugin.AskFirst); r.State != plugin.Done || len(r.Outputs) != 3 {
		t.Errorf("a new photo: %+v", r)
	}
	ran.Store(0)
	q, err := plugin.ParseQuery(`glob(path, "a.jpg")`)
	if err != nil {
		t.Fatal(err)
	}
	if photos, err := b.engine.Records().Reprocess(b.Context(), q); err != nil || len(photos) != 1 {
		t.Fatalf("asked for: %q, %v", photos, err)
	}
	if r := process(a, plugin.AskFirst); r.State != plugin.Done || len(r.Outputs) != 1 {
		t.Errorf("once asked for: %+v", r)
	}
	if got := b.made(before); !slices.Equal(got, []string{"a.png", "c-copy.jpg", "c-large.jpg", "c.png"}) {
		t.Errorf("made: %q", got)
	}
	if r := process(a, plugin.AskFirst); r.State != plugin.Skipped {
		t.Errorf("afterwards: %+v", r)
	}
}

// A kept output that is gone is made again, and one whose ledger is lost is known
// by what it says of itself.
func TestKeptOutputs(t *testing.T) {
	b, _ := severalFixture(t)
	b.change("-copy.jpg", "-copy.webp")
	a := b.photo("a.jpg", 200, 100, 1)
	b.done(a)
	if err := os.Remove(b.path("out/a-copy.webp")); err != nil {
		t.Fatal(err)
	}
	b.change("width: 64", "width: 32")
	before := b.outputs()
	if r := b.done(a); len(r.Outputs) != 2 {
		t.Errorf("made: %+v", r.Outputs)
	}
	if got := b.made(before); !slices.Equal(got, []string{"a-copy.webp", "a.png"}) {
		t.Errorf("made: %q", got)
	}
	if err := b.engine.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(b.path("state")); err != nil {
		t.Fatal(err)
	}
	b.open()
	before = b.outputs()
	b.skipped(a, history.Recognized)
	if got := b.made(before); len(got) > 0 {
		t.Errorf("made after the ledger was lost: %q", got)
	}
}

// A ledger of a release that knew no versions of pipelines says of photos that
// they are done while the configuration is as it was.
func TestALedgerWithoutVersions(t *testing.T) {
	b, ran := severalFixture(t)
	a := b.photo("a.jpg", 200, 100, 1)
	b.done(a)
	older := func(s history.Store) {
		all, err := s.Versions()
		if err != nil || len(all) == 0 {
			t.Fatalf("%v, %v", all, err)
		}
		for _, v := range all {
			if err := s.DropVersion(v.Settings); err != nil {
				t.Fatal(err)
			}
		}
	}
	var old history.Record
	b.eachRecord(func(s history.Store, r history.Record) {
		older(s)
		for i := range r.Outputs {
			r.Outputs[i].Place = 0
		}
		if old = r; s.Put(r) != nil {
			t.Fatal("put")
		}
	})
	b.open()
	ran.Store(0)
	b.skipped(a, "already done")
	before := b.outputs()
	b.change("width: 64", "width: 32")
	b.done(a)
	if got := b.made(before); !slices.Equal(got, []string{"a.png"}) {
		t.Errorf("made: %q", got)
	}
	b.eachRecord(func(s history.Store, r history.Record) {
		older(s) // and a change at the very update: nobody knows of what
		if r.Path != old.Path || r.Task == old.Task {
			t.Errorf("%+v", r)
		}
	})
	b.open()
	before = b.outputs()
	b.change("by: 3", "by: 5")
	b.done(a)
	if got := b.made(before); !slices.Equal(got, []string{"a-large.jpg", "a.png"}) {
		t.Errorf("made: %q", got)
	}
}
