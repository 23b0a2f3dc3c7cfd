package plugin_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin"
)

// colliding is a pipeline whose photos all become one file.
func colliding(mode string) string {
	return strings.Replace(small, `- path: "{dir}/{stem}.png"`, `- {path: "same.png", collision: `+mode+`}`, 1)
}

func TestCollisions(t *testing.T) {
	for _, options := range [][]plugin.Option{nil, {plugin.WithLedger()}} {
		b := newFixture(t, colliding("error"), options...)
		one, two := b.photo("one.jpg", 20, 20, 1), b.photo("two.jpg", 20, 20, 2)
		foreign := b.write("out/same.png", []byte("somebody else's"))
		b.fails(one, plugin.Conflict, "not as Burnish made it")

		b.config = colliding("skip")
		b.reopen()
		b.skipped(one, "are to stay")

		b.config = colliding("number")
		b.reopen()
		first, second := b.done(one), b.done(two)
		names := []string{filepath.Base(first.Outputs[0].Path), filepath.Base(second.Outputs[0].Path)}
		if !slices.Equal(names, []string{"same-1.png", "same-2.png"}) {
			t.Errorf("numbered %v", names)
		}
		if data, _ := os.ReadFile(foreign); string(data) != "somebody else's" {
			t.Error("the file that was there is gone")
		}
		b.config = colliding("overwrite")
		b.reopen()
		b.done(b.photo("three.jpg", 20, 20, 3))
		if data, _ := os.ReadFile(foreign); string(data) == "somebody else's" {
			t.Error("the file that was there is still there")
		}
	}
}

func TestANumberStays(t *testing.T) {
	b := newFixture(t, colliding("number"), plugin.WithLedger())
	one, two := b.photo("one.jpg", 20, 20, 1), b.photo("two.jpg", 20, 20, 2)
	b.done(one)
	b.done(two)
	b.config = strings.Replace(colliding("number"), "width: 64", "width: 10", 1)
	b.reopen()
	b.done(two)
	b.done(one)
	if got := b.files("out"); !slices.Equal(got, []string{"out/same-1.png", "out/same.png"}) {
		t.Errorf("done again, the outputs are %v", got)
	}
}

func TestANumberNeverReplacesAnOriginal(t *testing.T) {
	b := newFixture(t, strings.Replace(small, `- path: "{dir}/{stem}.png"`, `- {path: "{stem}.jpg", collision: number}`, 1))
	path := b.photo("one.jpg", 20, 20, 1)
	before, _ := os.ReadFile(path)
	j := b.job(path)
	j.Output, j.Overwrite = filepath.Dir(path), true
	r, err := b.engine.Process(t.Context(), j)
	if err != nil || filepath.Base(r.Outputs[0].Path) != "one-1.jpg" {
		t.Errorf("%+v, %v", r, err)
	}
	if after, _ := os.ReadFile(path); string(after) != string(before) {
		t.Error("the original was replaced")
	}
	b.config = strings.Replace(b.config, "number", "overwrite", 1)
	b.reopen()
	if _, err := b.engine.Process(t.Context(), j); err == nil || !strings.Contains(err.Error(), "would replace the original") {
		t.Errorf("got %v", err)
	}
}

func TestPreserve(t *testing.T) {
	b := newFixture(t, strings.Replace(small, `- path: "{dir}/{stem}.png"`, `- {path: "{stem}.png", preserve: [mtime, owner, mode]}`, 1))
	path := b.photo("one.jpg", 20, 20, 1)
	when := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	if err := os.Chmod(path, 0o604); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
	b.done(path)
	info, err := os.Stat(b.path("out/one.png"))
	if err != nil || !info.ModTime().Equal(when) || info.Mode().Perm() != 0o604 {
		t.Errorf("%v, %v, %v", info.ModTime(), info.Mode(), err)
	}
}
