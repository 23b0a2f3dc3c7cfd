package plugin_test

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/history"
)

const tried = `version: 1
state_dir: state
watch:
  - {folder: in, pipeline: small, output: out, canary: 100%}
pipelines:
  small:
    steps:
      - resize: {width: 64, height: 64}
    outputs:
      - {path: "{stem}", tiles: {tile_size: 32, suffix: .png}}
      - path: "{stem}.png"
  other:
    steps:
      - resize: {width: 48, height: 48}
    outputs:
      - path: "{stem}-other.png"
`

// contents are the files below a folder with their bytes, modes and times.
func (b *fixture) contents(folder string) map[string]string {
	b.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(b.path(folder), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		all[path] = info.Mode().String() + info.ModTime().String() + string(text)
		return err
	})
	if err != nil {
		b.Fatal(err)
	}
	return all
}

// A change that was tried and taken back leaves the outputs as they were, folders of
// tiles among them, and what other pipelines made of the photo meanwhile.
func TestCanaryBack(t *testing.T) {
	b := newReview(t, tried)
	a := b.photo("a.jpg", 200, 100, 1)
	job := func(pipeline, out string) plugin.Job {
		j := b.job(a)
		j.Pipeline, j.Output, j.OnChange, j.Canary = pipeline, filepath.Join(b.folder, out), "redo", pipeline == "small"
		return j
	}
	b.run(job("small", "out"))
	b.run(job("other", "out-other"))
	b.run(job("small", "out-second")) // beside the watched folder
	former := b.contents("out")
	b.change("width: 64, height: 64", "width: 32, height: 32", "width: 48, height: 48", "width: 40, height: 40")
	for pipeline, out := range map[string]string{"small": "out", "other": "out-other"} {
		if r := b.run(job(pipeline, out)); r.State != plugin.Done {
			t.Fatalf("%s: %+v", pipeline, r)
		}
	}
	if maps.Equal(former, b.contents("out")) {
		t.Fatal("the change was not tried")
	}
	others := b.contents("out-other")
	trials, err := plugin.Trials(t.Context(), b.engine.Records())
	if err != nil || len(trials) != 2 || trials[1].Done != 1 {
		t.Fatalf("%+v, %v", trials, err)
	}
	d, err := plugin.Decider(b.engine.Records()).Back(t.Context(), "small", "", "")
	if err != nil || len(d.Photos) != 1 || len(d.Problems) > 0 || d.More {
		t.Fatalf("%+v, %v", d, err)
	}
	if now := b.contents("out"); !maps.Equal(former, now) {
		t.Errorf("%d files have become %d, or others", len(former), len(now))
	}
	if now := b.contents("out-other"); !maps.Equal(others, now) {
		t.Errorf("outputs of another pipeline were undone: %d files have become %d", len(others), len(now))
	}
	if r := b.run(job("other", "out-other")); !strings.Contains(r.Reason, "already done") {
		t.Errorf("%+v", r)
	}
}

// After the clock was turned back the journal tells nothing of the trial's time: then
// outputs and records stay as they are. A decision to go on that was cut off is
// repeated.
func TestCanaryDecisionsOddities(t *testing.T) {
	b := newReview(t, tried)
	var photos []string
	for i := range 3 {
		photos = append(photos, b.photo(fmt.Sprintf("%d.jpg", i), 200, 100, byte(i)))
		b.done(photos[i])
	}
	b.change("width: 64, height: 64", "width: 32, height: 32")
	j := b.job(photos[0])
	j.OnChange, j.Canary = "redo", true
	b.run(j)
	store := b.engine.Records().Store()
	versions, err := store.Versions()
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range versions {
		for i := range v.Trials {
			v.Trials[i].Since = time.Now().Add(time.Hour)
			if err := store.SetVersion(v); err != nil {
				t.Fatal(err)
			}
		}
	}
	now := b.contents("out")
	d, err := plugin.Decider(b.engine.Records()).Back(t.Context(), "", "", "")
	if err != nil || len(d.Photos) > 0 || len(d.Problems) != 1 || !strings.Contains(d.Problems[0].Error(), "the journal does not tell") {
		t.Errorf("%+v, %v", d, err)
	}
	records, err := store.Of(photos[0])
	if err != nil || len(records) != 1 || records[0].Trial == nil || !maps.Equal(now, b.contents("out")) {
		t.Errorf("%+v, %v", records, err)
	}

	if d, err = plugin.Decider(b.engine.Records()).Go(t.Context(), "", ""); err != nil || len(d.Photos) != 2 {
		t.Errorf("%+v, %v", d, err)
	}
	cut, err := store.Of(photos[2])
	if err != nil || len(cut) != 1 {
		t.Fatalf("%+v, %v", cut, err)
	}
	cut[0].State = history.Done // as if it had not been asked for
	if err := store.Put(cut[0]); err != nil {
		t.Fatal(err)
	}
	if d, err = plugin.Decider(b.engine.Records()).Go(t.Context(), "", ""); err != nil || len(d.Photos) != 1 {
		t.Errorf("what was cut off: %+v, %v", d, err)
	}
	if _, err = plugin.Decider(b.engine.Records()).Go(t.Context(), "", ""); err == nil {
		t.Error("nothing was left to be asked for")
	}
}
