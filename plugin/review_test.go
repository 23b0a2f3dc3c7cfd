package plugin_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/history"
	"github.com/burnish-photo/burnish/plugin/history/ledger"
)

const reviewed = small + `watch:
  - folder: in
    pipeline: small
    output: out
`

func newReview(t *testing.T, text string) *fixture {
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "in"), 0o755); err != nil {
		t.Fatal(err)
	}
	b := &fixture{T: t, folder: folder, config: text, options: []plugin.Option{plugin.WithLedger()}}
	b.specs = newFixture(t, small).specs
	b.open()
	return b
}

func (b *fixture) underReview(path string) plugin.Job {
	j := b.job(path)
	j.Review = true
	return j
}

// waits processes a photo whose results are to wait.
func (b *fixture) waits(path string) plugin.Result {
	b.Helper()
	r, err := b.engine.Process(b.Context(), b.underReview(path))
	if err != nil || r.State != plugin.Waiting || len(r.Outputs) == 0 {
		b.Fatalf("%s: %+v, %v; want that it waits", path, r, err)
	}
	return r
}

// inReview is the one photo in review.
func (b *fixture) inReview() plugin.Reviewed {
	b.Helper()
	all, err := b.engine.Desk().List(plugin.Selection{})
	if err != nil || len(all) != 1 {
		b.Fatalf("%d photos in review, %v; want one", len(all), err)
	}
	return all[0]
}

func (b *fixture) approve(path string) {
	b.Helper()
	photos, err := b.engine.Desk().Approve(b.Context(), plugin.Selection{Paths: []string{path}})
	if err != nil || !slices.Equal(photos, []string{path}) {
		b.Fatalf("approved %q, %v", photos, err)
	}
}

func (b *fixture) nothingPublished() {
	b.Helper()
	if _, err := os.Stat(filepath.Join(b.folder, "out")); err == nil && len(b.files("out")) > 0 {
		b.Errorf("published: %q", b.files("out"))
	}
}

// shelved is what lies in the state folder's review.
func (b *fixture) shelved() []string {
	if _, err := os.Stat(filepath.Join(b.folder, "state/review")); err != nil {
		return nil
	}
	return b.files("state/review")
}

func TestOnlyWhatIsApprovedIsPublished(t *testing.T) {
	b := newReview(t, reviewed)
	a := b.photo("sea/a.jpg", 200, 100, 1)
	original, _ := os.ReadFile(a)
	made := b.waits(a)
	b.nothingPublished()
	seen, _ := os.ReadFile(made.Outputs[0].Path)
	e := b.inReview()
	if e.Progress != "waiting" || e.Stale != "" || e.Results[0].Path != b.path("out/sea/a.png") || !slices.Equal(e.Files, []string{made.Outputs[0].Path}) {
		t.Errorf("%+v", e)
	}
	b.skipped(a, "wait for review")
	b.reopen() // which sweeps
	b.skipped(a, "wait for review")
	b.nothingPublished()

	b.approve(a)
	b.reopen() // between the decision and the deed
	j := b.underReview(a)
	j.After.Move = b.path("originals")
	r := b.run(j)
	published, _ := os.ReadFile(b.path("out/sea/a.png"))
	if r.State != plugin.Done || !bytes.Equal(published, seen) || !strings.HasPrefix(r.Notes["review"], "approved") {
		t.Errorf("%+v; published %d bytes, made %d", r, len(published), len(seen))
	}
	if now, _ := os.ReadFile(b.path("originals/sea/a.jpg")); !bytes.Equal(now, original) {
		t.Error("the original was not moved as it was")
	}
	if left := b.shelved(); len(left) > 0 {
		t.Errorf("left in review: %q", left)
	}
}

func TestRejectedIsNotMadeAgain(t *testing.T) {
	b := newReview(t, reviewed)
	a := b.photo("a.jpg", 200, 100, 1)
	original, _ := os.ReadFile(a)
	b.waits(a)
	if photos, err := b.engine.Desk().Reject(b.Context(), plugin.Selection{}); err != nil || len(photos) != 1 {
		t.Fatal(photos, err)
	}
	if left := b.shelved(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	b.reopen()
	b.skipped(a, "rejected in review")
	b.nothingPublished()
	if now, _ := os.ReadFile(a); !bytes.Equal(now, original) {
		t.Error("the original was touched")
	}
	q, err := plugin.ParseQuery(`state == "rejected"`)
	if err != nil {
		t.Fatal(err)
	}
	if photos, err := b.engine.Records().Reprocess(b.Context(), q); err != nil || len(photos) != 1 {
		t.Fatal(photos, err)
	}
	b.waits(a)
}

// What waits is of one content, and is approved as that.
func TestAPhotoThatChangesWhileItWaits(t *testing.T) {
	b := newReview(t, reviewed)
	a := b.photo("a.jpg", 200, 100, 1)
	first := b.waits(a)
	b.approve(a)
	b.photo("a.jpg", 200, 100, 2)
	if e := b.inReview(); !strings.Contains(e.Stale, "changed") {
		t.Errorf("stale: %q", e.Stale)
	}
	if _, err := b.engine.Desk().Approve(b.Context(), plugin.Selection{}); err == nil || !strings.Contains(err.Error(), "changed") {
		t.Errorf("approved: %v", err)
	}
	second := b.waits(a) // though the first was approved
	b.nothingPublished()
	if first.Outputs[0].Hash == second.Outputs[0].Hash || len(b.shelved()) != 1 {
		t.Errorf("%+v, %+v, %q", first, second, b.shelved())
	}
	os.Remove(a)
	if e := b.inReview(); !strings.Contains(e.Stale, "gone") {
		t.Errorf("stale: %q", e.Stale)
	}
	if _, err := b.engine.Desk().Approve(b.Context(), plugin.Selection{}); err == nil || !strings.Contains(err.Error(), "gone") {
		t.Errorf("approved: %v", err)
	}
	if photos, err := b.engine.Desk().Reject(b.Context(), plugin.Selection{}); err != nil || len(photos) != 1 {
		t.Error(photos, err)
	}
}

func TestADamagedResultIsNotPublished(t *testing.T) {
	for name, damage := range map[string]func(string) error{
		"missing": os.Remove,
		"changed": func(path string) error { return os.WriteFile(path, []byte("what a disk made of it"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newReview(t, reviewed)
			a := b.photo("a.jpg", 200, 100, 1)
			made := b.waits(a)
			b.approve(a)
			if err := damage(made.Outputs[0].Path); err != nil {
				t.Fatal(err)
			}
			b.waits(a) // made anew, and not approved
			b.nothingPublished()
			if e := b.inReview(); e.Progress != "waiting" || e.Stale != "" {
				t.Errorf("%+v", e)
			}
			b.approve(a)
			b.done(a)
		})
	}
}

// Turning review off publishes nothing that waits, nor what a person asks to be
// made with another strength; what equals a photo that waits is its own.
func TestTurningReviewOff(t *testing.T) {
	b := newReview(t, reviewed)
	a := b.photo("a.jpg", 200, 100, 1)
	b.waits(a)
	b.skipped(a, "wait for review")
	b.nothingPublished()
	data, _ := os.ReadFile(a)
	b.done(b.write("in/b.jpg", data))
	b.approve(a)
	b.done(a)
}

func TestACopyOfAPublishedPhotoWaitsToo(t *testing.T) {
	b := newReview(t, reviewed)
	a := b.photo("a.jpg", 200, 100, 1)
	b.done(a)
	data, _ := os.ReadFile(a)
	b.waits(b.write("in/b.jpg", data))
	if got := b.files("out"); !slices.Equal(got, []string{"out/a.png"}) {
		t.Errorf("published: %q", got)
	}
}

func TestOtherSettingsReplaceWhatWaits(t *testing.T) {
	b := newReview(t, reviewed)
	a := b.photo("a.jpg", 200, 100, 1)
	b.waits(a)
	b.config = strings.Replace(b.config, "width: 64", "width: 32", 1)
	b.reopen()
	if e := b.inReview(); !strings.Contains(e.Stale, "configured") {
		t.Errorf("stale: %q", e.Stale)
	}
	b.waits(a)
	if e := b.inReview(); e.Stale != "" || len(b.shelved()) != 1 {
		t.Errorf("%+v, %q", e, b.shelved())
	}
}

// state is all of the state folder, so that a crash can be played.
func (b *fixture) withLedger(change func(l *ledger.Ledger)) {
	b.Helper()
	if err := b.engine.Close(); err != nil {
		b.Fatal(err)
	}
	l, err := ledger.Open(filepath.Join(b.folder, "state"))
	if err != nil {
		b.Fatal(err)
	}
	change(l)
	if err := l.Close(); err != nil {
		b.Fatal(err)
	}
	b.open()
}

// What a process that is killed leaves at each point on the way is completed or
// cleared away, and what waits is never among the latter.
func TestReviewSurvivesCrashes(t *testing.T) {
	b := newReview(t, reviewed)
	a := b.photo("a.jpg", 200, 100, 1)
	made := b.waits(a)

	// Results were written and not recorded.
	b.write("state/review/ORPHAN/0/c.png", []byte("half"))
	b.reopen()
	if got := b.shelved(); len(got) != 1 || !strings.HasSuffix(made.Outputs[0].Path, got[0]) {
		t.Errorf("on the shelf: %q", got)
	}

	// Approved; killed after the intent to publish, with the output there or not.
	b.approve(a)
	var waiting history.Record
	intend := func(l *ledger.Ledger) {
		all, err := l.Of(a)
		if err != nil || len(all) != 1 {
			t.Fatal(all, err)
		}
		waiting = all[0]
		r := waiting
		r.State, r.ErrorClass, r.Error = history.Failed, "interrupted", "interrupted while the outputs were published"
		r.Outputs = []history.Output{r.Review.Results[0].Output}
		if err := l.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	b.withLedger(intend)
	if e := b.inReview(); e.Progress != "failed" || !strings.Contains(e.Reason, "interrupted") {
		t.Errorf("%+v", e)
	}
	b.withLedger(func(l *ledger.Ledger) {
		data, err := os.ReadFile(made.Outputs[0].Path)
		if err != nil {
			t.Fatal(err)
		}
		b.write("out/a.png", data)
	})
	r := b.run(b.underReview(a))
	if r.State != plugin.Done || r.Outputs[0].Hash != made.Outputs[0].Hash || !slices.Equal(b.files("out"), []string{"out/a.png"}) {
		t.Errorf("%+v, %q", r, b.files("out"))
	}

	// Published; killed before the results left the shelf.
	b.write("state/review/"+waiting.Review.Folder+"/0/a.png", []byte("published"))
	b.reopen()
	if left := b.shelved(); len(left) > 0 {
		t.Errorf("left: %q", left)
	}
	b.skipped(a, "already done")
}

// A failure to publish keeps what was made, and that it was approved.
func TestFailingToPublish(t *testing.T) {
	b := newReview(t, reviewed)
	a := b.photo("a.jpg", 200, 100, 1)
	b.waits(a)
	b.approve(a)
	b.write("out/a.png", []byte("somebody's"))
	b.fails(a, plugin.Conflict, "is not as Burnish made it")
	if e := b.inReview(); e.Progress != "failed" || len(b.shelved()) != 1 {
		t.Errorf("%+v, %q", e, b.shelved())
	}
	os.Remove(b.path("out/a.png"))
	if photos, err := b.engine.Records().Retry(b.Context(), nil); err != nil || len(photos) != 1 {
		t.Fatal(photos, err)
	}
	if e := b.inReview(); e.Progress != "approved" {
		t.Errorf("%+v", e)
	}
	b.done(a)
}

// Folders of tiles and the pages of one file are published as they were made.
func TestResultsOfAllKinds(t *testing.T) {
	b := newReview(t, strings.Replace(reviewed, `      - path: "{dir}/{stem}.png"
`, `      - path: "{stem}-{ext}.png"
      - {path: "{stem}-tiles", format: tiles}
      - {path: "{stem}.szi", format: tiles}
      - {path: "never.png", when: width > 100000}
`, 1))
	a := b.photo("a.jpg", 200, 100, 1)
	b.waits(a)
	before := map[string][]byte{}
	for _, name := range b.shelved() {
		_, below, _ := strings.Cut(strings.TrimPrefix(name, "state/review/"), "/")
		_, below, _ = strings.Cut(below, "/")
		before[below], _ = os.ReadFile(filepath.Join(b.folder, name))
	}
	b.approve(a)
	b.done(a)
	after := map[string][]byte{}
	for _, name := range b.files("out") {
		after[strings.TrimPrefix(name, "out/")], _ = os.ReadFile(filepath.Join(b.folder, name))
	}
	if len(after) < 4 || !maps.EqualFunc(before, after, bytes.Equal) {
		t.Errorf("made %q\npublished %q", slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
	}
	b.skipped(a, "already done")
}

// What was gone for as long as records are kept goes with its results.
func TestResultsOfPhotosThatAreGone(t *testing.T) {
	b := newReview(t, reviewed)
	a := b.photo("a.jpg", 200, 100, 1)
	b.waits(a)
	os.Remove(a)
	for _, days := range []int{1, 400, 800} {
		if err := b.engine.DropGone(time.Now().AddDate(0, 0, days)); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := b.engine.Desk().List(plugin.Selection{}); err != nil || len(all) > 0 || len(b.shelved()) > 0 {
		t.Errorf("%+v, %v, %q", all, err, b.shelved())
	}
}

// Another strength makes other results, which wait in place of the first and are
// what is published; strength 0 is the photo as it came.
func TestTryingStrengths(t *testing.T) {
	b := newReview(t, strings.Replace(reviewed, "      - resize: {width: 64, height: 64}", "      - promptcir: {model: lite, skip: never}", 1))
	a := b.photo("a.jpg", 80, 64, 1)
	whole := b.waits(a)
	if e := b.inReview(); !e.Tunable || e.Strength != nil {
		t.Errorf("%+v", e)
	}
	made, last := map[float64]plugin.Result{1: whole}, whole
	for _, strength := range []float64{0.5, 0} {
		if _, err := b.engine.Desk().Try(b.Context(), plugin.Selection{}, strength); err != nil {
			t.Fatal(err)
		}
		if e := b.inReview(); e.Progress != "making" || e.Files[0] != last.Outputs[0].Path {
			t.Errorf("%+v", e)
		}
		if _, err := b.engine.Desk().Approve(b.Context(), plugin.Selection{}); err == nil || !strings.Contains(err.Error(), "another strength") {
			t.Errorf("approved: %v", err)
		}
		last = b.waits(a)
		made[strength] = last
		if e := b.inReview(); e.Progress != "waiting" || e.Strength == nil || *e.Strength != strength || len(b.shelved()) != 1 {
			t.Errorf("%+v, %q", e, b.shelved())
		}
	}
	if made[1].Outputs[0].Hash == made[0.5].Outputs[0].Hash || made[0.5].Outputs[0].Hash == made[0].Outputs[0].Hash {
		t.Error("the strength changed nothing")
	}
	b.nothingPublished()
	b.approve(a)
	if r := b.done(a); r.Outputs[0].Hash != made[0].Outputs[0].Hash {
		t.Error("another result was published than was approved")
	}
	if _, err := b.engine.Desk().Try(b.Context(), plugin.Selection{}, 2); err == nil {
		t.Error("a strength of 2 was taken")
	}
}

// Who approves a result that was made anew since it was looked at approves nothing.
func TestWhatWasNotSeenIsNotApproved(t *testing.T) {
	b := newReview(t, reviewed)
	a := b.photo("a.jpg", 200, 100, 1)
	b.waits(a)
	seen := b.inReview()
	b.photo("a.jpg", 200, 100, 2)
	b.waits(a)
	for _, do := range []func(context.Context, plugin.Selection) ([]string, error){b.engine.Desk().Approve, b.engine.Desk().Reject} {
		if photos, err := do(b.Context(), plugin.Selection{IDs: []string{seen.ID}, Lots: []string{seen.Lot}}); err == nil || len(photos) > 0 {
			t.Errorf("%q, %v", photos, err)
		}
	}
	b.skipped(a, "wait for review")
	now := b.inReview()
	if now.ID != seen.ID || now.Lot == seen.Lot {
		t.Errorf("%+v, then %+v", seen, now)
	}
	if _, err := b.engine.Desk().Approve(b.Context(), plugin.Selection{IDs: []string{now.ID}, Lots: []string{now.Lot}}); err != nil {
		t.Error(err)
	}
}

// What is approved once more while it is being published is done once.
func TestApprovalMeetsPublication(t *testing.T) {
	b := newReview(t, reviewed)
	for i := range 12 {
		a := b.photo(fmt.Sprintf("%d.jpg", i), 60, 40, uint8(i))
		b.waits(a)
		b.approve(a)
		published := make(chan struct{})
		go func() {
			defer close(published)
			if r, err := b.engine.Process(b.Context(), b.underReview(a)); err != nil || r.State != plugin.Done {
				t.Errorf("%+v, %v", r, err)
			}
		}()
		for under := true; under; {
			select {
			case <-published:
				under = false
			default:
				_, _ = b.engine.Desk().Approve(b.Context(), plugin.Selection{Paths: []string{a}}) // it may be done by now
			}
		}
		b.skipped(a, "already done")
	}
}

// A decision, and whatever else changes records for people, waits until nothing is done
// with the photo.
func TestDecisionsWaitForPhotosUnderWay(t *testing.T) {
	b := newReview(t, reviewed)
	a := b.photo("a.jpg", 60, 40, 1)
	b.waits(a)
	desk, records, all := b.engine.Desk(), b.engine.Records(), plugin.Selection{}
	where, err := plugin.ParseQuery(`pipeline == "small"`)
	if err != nil {
		t.Fatal(err)
	}
	release, err := records.Hold(b.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(context.Context) ([]string, error){
		"approve":   func(ctx context.Context) ([]string, error) { return desk.Approve(ctx, all) },
		"reject":    func(ctx context.Context) ([]string, error) { return desk.Reject(ctx, all) },
		"reprocess": func(ctx context.Context) ([]string, error) { return records.Reprocess(ctx, where) },
	} {
		ctx, cancel := context.WithTimeout(b.Context(), 50*time.Millisecond)
		photos, err := change(ctx)
		cancel()
		if len(photos) > 0 || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s changed %q while it was processed: %v", what, photos, err)
		}
	}
	release()
	if e := b.inReview(); e.Progress != "waiting" {
		t.Errorf("%+v", e)
	}
}
