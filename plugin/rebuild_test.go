package plugin_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/history/ledger"
	"github.com/burnish-photo/burnish/plugin/naming"
)

// rebuilt is a pipeline with an output of every kind that tells of itself.
const rebuilt = `
version: 1
state_dir: state
pipelines:
  small:
    steps:
      - resize: {width: 64, height: 64}
    outputs:
      - path: "{dir}/{stem}.png"
      - {path: "{dir}/{stem}.thumb.gif", thumbnail: {width: 16}}
      - {path: "{date:2006}/{dir}/{hash}.webp", strip: [gps]}
      - {path: "numbered.jpg", collision: number}
`

// zero is a ledger of which nothing can be read.
func zero(whole []byte) []byte { return make([]byte, len(whole)) }

// damage closes the engine, spoils its ledger and opens it again.
func (b *fixture) damage(spoil func(whole []byte) []byte) {
	b.Helper()
	if err := b.engine.Close(); err != nil {
		b.Fatal(err)
	}
	file := b.path("state/" + ledger.FileName)
	whole, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(file, spoil(bytes.Clone(whole)), 0o640); err != nil {
		b.Fatal(err)
	}
	b.open()
}

// inodes tells every file below a folder with its content.
func (b *fixture) inodes(name string) (all []string) {
	b.Helper()
	for _, file := range b.files(name) {
		path := b.path(file)
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			b.Fatal(err)
		}
		all = append(all, fmt.Sprintf("%s %d %d %x", file, info.Sys().(*syscall.Stat_t).Ino, info.ModTime().UnixNano(), data))
	}
	return all
}

func TestALostLedgerIsRebuiltFromTheOutputs(t *testing.T) {
	b := newFixture(t, rebuilt, plugin.WithLedger())
	var photos []string
	for i := range 4 {
		photos = append(photos, b.photo(fmt.Sprintf("sea/%d.jpg", i), 200, 100, byte(i)))
	}
	data, _ := os.ReadFile(photos[0])
	photos = append(photos, b.write("in/sky/copy.jpg", data))
	for _, p := range photos {
		b.done(p)
	}
	before := b.inodes("out")
	if len(before) != 5*4 {
		t.Fatalf("%d outputs", len(before))
	}
	b.damage(zero)
	for _, p := range photos {
		b.skipped(p, "outputs say so")
	}
	if !slices.Equal(b.inodes("out"), before) {
		t.Error("outputs were touched")
	}
	b.reopen()
	for _, p := range photos {
		b.skipped(p, "already done")
	}
	// What was recognised is Burnish's own again: a changed pipeline replaces it.
	b.config = strings.Replace(rebuilt, "width: 64", "width: 32", 1)
	b.reopen()
	for _, p := range photos {
		b.done(p)
	}
	if len(b.files("out")) != len(before) {
		t.Errorf("done again, the outputs are %v", b.files("out"))
	}
}

// TestRecognisedOriginalsStay: what outputs say of themselves is too little to part with an original.
func TestRecognisedOriginalsStay(t *testing.T) {
	b := newFixture(t, rebuilt, plugin.WithLedger())
	photo := b.photo("sea/a.jpg", 200, 100, 1)
	b.done(photo)
	b.damage(zero)
	j := b.job(photo)
	j.After.Trash = time.Hour
	for range 2 { // recognised, then known
		if r := b.run(j); r.State != plugin.Skipped {
			t.Errorf("%+v", r)
		}
	}
	if _, err := os.Stat(photo); err != nil || len(b.files("state/trash")) > 0 {
		t.Errorf("the original: %v; in the trash: %v", err, b.files("state/trash"))
	}
}

func TestOnlyWhatIsCertainIsAdopted(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	photo := func(name string, seed byte) string {
		path := b.photo(name, 200, 100, seed)
		b.done(path)
		return path
	}
	whole, missing, edited, swapped := photo("whole.jpg", 1), photo("missing.jpg", 2), photo("edited.jpg", 3), photo("swapped.jpg", 4)
	changed := photo("changed.jpg", 5)
	os.Remove(b.path("out/missing.png"))
	data, _ := os.ReadFile(b.path("out/edited.png"))
	data[len(data)-20] ^= 1
	b.write("out/edited.png", data)
	other, _ := os.ReadFile(b.path("out/whole.png"))
	b.write("out/swapped.png", other)
	b.photo("changed.jpg", 200, 100, 6)
	b.damage(zero)
	b.skipped(whole, "outputs say so")
	b.done(missing)
	b.fails(edited, plugin.Conflict, "not as Burnish made it")
	b.fails(swapped, plugin.Conflict, "not as Burnish made it")
	b.fails(changed, plugin.Conflict, "not as Burnish made it")
	if now, _ := os.ReadFile(b.path("out/edited.png")); !bytes.Equal(now, data) {
		t.Error("the edited output was replaced")
	}
	b.config = strings.Replace(small, "width: 64", "width: 32", 1)
	b.damage(zero)
	b.fails(whole, plugin.Conflict, "not as Burnish made it")
}

// Outputs that do not tell of themselves are made again, which finds them equal.
func TestSilentOutputsStayAsTheyAre(t *testing.T) {
	b := newFixture(t, strings.Replace(small, `- path: "{dir}/{stem}.png"`, `- {path: "same.png", collision: number, provenance: false}
      - path: "{stem}.zip"
        tiles: {}
      - path: "{stem}_tiles"
        format: tiles`, 1), plugin.WithLedger())
	photos := []string{b.photo("one.jpg", 200, 100, 1), b.photo("two.jpg", 200, 100, 2), b.photo("three.jpg", 200, 100, 3)}
	for _, p := range photos {
		b.done(p)
	}
	before := b.inodes("out")
	b.damage(zero)
	slices.Reverse(photos)
	time.Sleep(time.Until(time.Now().Truncate(2 * time.Second).Add(2 * time.Second))) // of a zip file's clock
	for _, p := range photos {
		b.done(p)
	}
	if now := b.inodes("out"); !slices.Equal(now, before) {
		t.Errorf("%d outputs became others, or %d", len(before), len(now))
	}
}

// Numbers that are missing hide no output from the photos that they are of.
func TestGapsInNumbers(t *testing.T) {
	for name, config := range map[string]string{
		"telling": colliding("number"),
		"silent":  colliding("number, provenance: false"),
	} {
		t.Run(name, func(t *testing.T) {
			b := newFixture(t, config, plugin.WithLedger())
			var photos []string
			for i := range 12 {
				photos = append(photos, b.photo(fmt.Sprintf("%d.jpg", i), 20, 20, byte(i)))
				b.done(photos[i])
			}
			for i := range 11 {
				if i != 2 {
					os.Remove(b.path(naming.Numbered("out/same.png", i)))
				}
			}
			before := b.inodes("out")
			b.damage(zero)
			for _, i := range []int{2, 11} {
				r, err := b.engine.Process(t.Context(), b.job(photos[i]))
				if err != nil || name == "telling" && !strings.Contains(r.Reason, "outputs say so") {
					t.Errorf("%d: %+v, %v", i, r, err)
				}
			}
			if now := b.inodes("out"); !slices.Equal(now, before) {
				t.Errorf("the outputs are now %v", b.files("out"))
			}
		})
	}
}

// A name that the source has in the output folder too is no output of it.
func TestALinkToTheSourceIsNotTaken(t *testing.T) {
	b := newFixture(t, strings.Replace(small, "resize: {width: 64, height: 64}", "promptcir: {model: lite}", 1), plugin.WithLedger())
	b.config = strings.Replace(b.config, `path: "{dir}/{stem}.png"`, `{path: "{stem}.jpg", collision: number}`, 1)
	b.reopen()
	path := undamagedPhoto(b)
	name := "out/" + filepath.Base(path)
	if err := os.MkdirAll(b.path("out"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(path, b.path(name)); err != nil {
		t.Skip(err)
	}
	if r := b.done(path); len(r.Outputs) != 1 || r.Outputs[0].Path != b.path(naming.Numbered(name, 1)) {
		t.Errorf("%+v", r.Outputs)
	}
}

// With the ledger lost, nothing tells that an output is the last of a photo that
// was put away but the output itself.
func TestTheLastOfAPhotoIsNotOverwritten(t *testing.T) {
	b := newFixture(t, colliding("overwrite"), plugin.WithLedger())
	one, two := b.photo("one.jpg", 20, 20, 1), b.photo("two.jpg", 20, 20, 2)
	b.done(one)
	b.done(two)
	before := b.inodes("out")
	original, _ := os.ReadFile(two)
	os.Remove(two)
	b.damage(zero)
	for range plugin.MaxStrikes + 1 {
		b.fails(one, plugin.Protected, "may be all that is left")
	}
	if !slices.Equal(b.inodes("out"), before) {
		t.Error("the output was replaced")
	}
	b.write("in/two.jpg", original) // it was at hand after all
	b.skipped(two, "outputs say so")
	b.done(one)
	b.skipped(two, "replaced by another photo's")

	b.damage(zero)
	os.Remove(one)
	b.fails(two, plugin.Protected, "may be all that is left")
	os.Remove(b.path("out/same.png")) // somebody has decided
	b.done(two)
}

func TestACopiedPhotoStaysAsItIs(t *testing.T) {
	b := newFixture(t, strings.Replace(small, "resize: {width: 64, height: 64}", "promptcir: {model: lite}", 1), plugin.WithLedger())
	b.config = strings.Replace(b.config, "{stem}.png", "{stem}.jpg", 1)
	b.reopen()
	path := undamagedPhoto(b)
	b.done(path)
	before := b.inodes("out")
	b.damage(zero)
	if r := b.done(path); r.Notes["device"] != "" {
		t.Errorf("a network ran: %v", r.Notes)
	}
	if !slices.Equal(b.inodes("out"), before) {
		t.Error("the copy was written again")
	}
}

// What somebody asks for again is done again, though its outputs tell of themselves.
func TestAskedForAgain(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	path := b.photo("a.jpg", 200, 100, 1)
	b.done(path)
	where, err := plugin.ParseQuery(`glob(path, "a.jpg")`)
	if err != nil {
		t.Fatal(err)
	}
	if photos, err := b.engine.Records().Reprocess(b.Context(), where); len(photos) != 1 || err != nil {
		t.Fatal(photos, err)
	}
	b.reopen()
	b.done(path)
	b.skipped(path, "already done")
}

// What can still be read of a damaged ledger is believed where the outputs are
// as it says, though they do not tell of themselves.
func TestASalvagedRecordIsProven(t *testing.T) {
	b := newFixture(t, strings.Replace(small, `path: "{dir}/{stem}.png"`, `{path: "{dir}/{stem}.png", provenance: false}`, 1), plugin.WithLedger())
	kept, missing := b.photo("kept.jpg", 200, 100, 1), b.photo("missing.jpg", 200, 100, 2)
	b.done(kept)
	b.done(missing)
	bad := b.write("in/cut.jpg", []byte(cut))
	for range plugin.MaxStrikes {
		b.fails(bad, plugin.Damaged)
	}
	os.Remove(b.path("out/missing.png"))
	before := b.inodes("out")
	b.damage(func(whole []byte) []byte {
		clear(whole[:2*os.Getpagesize()])
		return whole
	})
	b.skipped(kept, "already done")
	b.skipped(bad, "in quarantine")
	if !slices.Equal(b.inodes("out"), before) {
		t.Error("the output was touched")
	}
	b.done(missing)
	b.reopen()
	b.skipped(kept, "already done")
	b.skipped(missing, "already done")
}

func TestOverwrittenPhotosAreNotDoneAgain(t *testing.T) {
	b := newFixture(t, colliding("overwrite"), plugin.WithLedger())
	one, two := b.photo("one.jpg", 20, 20, 1), b.photo("two.jpg", 20, 20, 2)
	b.done(one)
	b.done(two)
	before := b.inodes("out")
	for range 2 {
		b.reopen()
		b.skipped(one, "replaced by another photo's")
		b.skipped(two, "already done")
		if failures, err := b.engine.Records().Failures(); len(failures) != 0 || err != nil {
			t.Errorf("failures: %v, %v", failures, err)
		}
	}
	if !slices.Equal(b.inodes("out"), before) {
		t.Error("the output was written again")
	}
	reprocess := func(text string, want ...string) {
		t.Helper()
		where, err := plugin.ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		photos, err := b.engine.Records().Reprocess(b.Context(), where)
		if err != nil || !slices.Equal(photos, want) {
			t.Errorf("%s: %v, %v, want %v", text, photos, err, want)
		}
	}
	reprocess(`pipeline == "small"`, two) // whose output it is
	b.skipped(one, "replaced by another photo's")
	b.done(two)
	reprocess(`glob(path, "one.jpg")`, one)
	b.done(one)
	b.skipped(two, "replaced by another photo's")

	// Another pipeline does both again, and so does the first one after it to the
	// one whose output was lost to the other.
	first := b.config
	b.config = strings.Replace(first, "width: 64", "width: 10", 1)
	b.reopen()
	b.done(two)
	b.config = first
	b.reopen()
	b.done(one)
	b.skipped(two, "replaced by another photo's")
}
