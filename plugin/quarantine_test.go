package plugin_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/plugin"
	"github.com/burnish-photo/burnish/plugin/admission"
)

// cut begins like a JPEG and ends at once: it may be a copy that stalled.
const cut = "\xff\xd8\xff\xe0 and no more"

func (b *fixture) failures() []plugin.Failure {
	b.Helper()
	all, err := b.engine.Records().Failures()
	if err != nil {
		b.Fatal(err)
	}
	return all
}

// strike fails once more and reports whether that was the last strike.
func (b *fixture) strike(j plugin.Job) bool {
	b.Helper()
	_, err := b.engine.Process(b.Context(), j)
	var failure *plugin.Error
	if !errors.As(err, &failure) {
		b.Fatalf("got %v, want a failure", err)
	}
	return failure.Quarantined
}

func TestThreeStrikes(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	bad := b.write("in/bad.jpg", []byte(cut))
	for n := 1; n <= plugin.MaxStrikes; n++ {
		if got := b.strike(b.job(bad)); got != (n == plugin.MaxStrikes) {
			t.Fatalf("strike %d: in quarantine: %t", n, got)
		}
		f := b.failures()
		if len(f) != 1 || f[0].Strikes != n || f[0].Attempts != n || f[0].Kind != plugin.Damaged || f[0].Pipeline != "small" {
			t.Fatalf("strike %d: %+v", n, f)
		}
		b.reopen() // the count is in the ledger
	}
	b.skipped(bad, "in quarantine after 3 strikes (damaged)")
	reasons := b.files("state/quarantine")
	if len(reasons) != 1 {
		t.Fatalf("reasons: %v", reasons)
	}
	if text, _ := os.ReadFile(b.path(reasons[0])); !strings.Contains(string(text), bad) || !strings.Contains(string(text), "cannot be decoded") {
		t.Errorf("the reason reads %q", text)
	}

	// Another content is another photo.
	b.photo("good.jpg", 20, 10, 1)
	good, _ := os.ReadFile(b.path("in/good.jpg"))
	b.write("in/bad.jpg", good)
	b.done(bad)
	if f := b.failures(); len(f) != 0 {
		t.Errorf("still failed: %+v", f)
	}
}

func TestAProbeIsNoStrike(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	j := b.job(b.write("in/bad.jpg", []byte(cut)))
	j.Probe = true
	for range 5 {
		if b.strike(j) {
			t.Fatal("a probe led into quarantine")
		}
	}
}

func TestATransientFailureIsNoStrike(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	a := b.photo("a.jpg", 20, 10, 1)
	b.write("out", nil) // a file where the folder was
	for range 2 * plugin.MaxStrikes {
		b.process(a)
	}
	os.Remove(b.path("out"))
	b.done(a)
}

func TestQuarantineMovesAndRetryMovesBack(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	bad := b.write("in/sub/bad.jpg", []byte(cut))
	j := b.job(bad)
	j.Quarantine = filepath.Join(b.folder, "held")
	b.write("held/sub/bad.jpg", []byte("somebody's"))
	for range plugin.MaxStrikes {
		b.strike(j)
	}
	if got := b.files("held"); len(got) != 2 || got[0] != "held/sub/bad-2.jpg" {
		t.Fatalf("moved to %v", got)
	}
	if data, _ := os.ReadFile(b.path("held/sub/bad.jpg")); string(data) != "somebody's" {
		t.Error("another file was replaced")
	}
	r := b.engine.Records()
	photos, err := r.Retry(b.Context(), []string{filepath.Join(b.folder, "held")})
	if err != nil || len(photos) != 1 || photos[0] != bad {
		t.Fatalf("%v, %v", photos, err)
	}
	if data, _ := os.ReadFile(bad); string(data) != cut {
		t.Errorf("it holds %q", data)
	}
	if got := b.files("state/quarantine"); len(got) != 0 {
		t.Errorf("left: %v", got)
	}
	if b.strike(j) {
		t.Error("its strikes were not forgiven")
	}
	if _, err := r.Retry(b.Context(), []string{"/nowhere"}); err == nil || !strings.Contains(err.Error(), "no failure is known") {
		t.Errorf("got %v", err)
	}
}

func TestRetryReplacesNothing(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	bad := b.write("in/bad.jpg", []byte(cut))
	j := b.job(bad)
	j.Quarantine = filepath.Join(b.folder, "held")
	for range plugin.MaxStrikes {
		b.strike(j)
	}
	b.write("in/bad.jpg", []byte("a new one"))
	if _, err := b.engine.Records().Retry(b.Context(), nil); err == nil || !strings.Contains(err.Error(), "cannot be moved back") {
		t.Errorf("got %v", err)
	}
	if data, _ := os.ReadFile(bad); string(data) != "a new one" {
		t.Error("the new file was replaced")
	}
}

func TestStrike(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	a := b.photo("a.jpg", 20, 10, 1)
	for n := 1; n <= plugin.MaxStrikes; n++ {
		f := b.engine.Strike(t.Context(), b.job(a), plugin.Crashed, errors.New("signal: killed"), "")
		if f.Quarantined != (n == plugin.MaxStrikes) {
			t.Errorf("strike %d: %+v", n, f)
		}
	}
	b.skipped(a, "in quarantine")
}

func TestReprocess(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	a, c := b.photo("sea/a.jpg", 20, 10, 1), b.photo("c.jpg", 20, 10, 2)
	b.done(a)
	b.done(c)
	before, _ := os.ReadFile(b.path("out/c.png"))
	for text, want := range map[string]int{`pipeline == "other"`: 0, `glob(path, "sea/*.jpg") and finished < "2020-01-01"`: 0, `model == "lite"`: 0, `folder == "sea" and model != "lite"`: 1} {
		w, err := plugin.ParseQuery(text)
		if err != nil {
			t.Fatal(err)
		}
		photos, err := b.engine.Records().Reprocess(b.Context(), w)
		if err != nil || len(photos) != want {
			t.Errorf("%s: %v, %v", text, photos, err)
		}
	}
	b.done(a)
	b.skipped(c, "already done")
	os.Remove(c)
	w, _ := plugin.ParseQuery(`pipeline == "small"`)
	if photos, _ := b.engine.Records().Reprocess(b.Context(), w); len(photos) != 1 {
		t.Errorf("of one photo that is there and one that is gone: %v", photos)
	}
	if now, _ := os.ReadFile(b.path("out/c.png")); !bytes.Equal(now, before) {
		t.Error("an output was lost")
	}
}

// swap is an operator that fails by the photo's fault, and lets a user put
// another photo there while it runs for the last time.
type swap struct {
	tries *int
	other []byte
}

func (s swap) Build(context.Context, ops.Env) (ops.Operator, error) { return s, nil }

func (s swap) Apply(_ context.Context, in []ops.Image) (ops.Image, error) {
	path := in[0].Source.Path
	if *s.tries++; *s.tries == plugin.MaxStrikes {
		if err := errors.Join(os.Remove(path), os.WriteFile(path, s.other, 0o644)); err != nil {
			return ops.Image{}, err
		}
	}
	return ops.Image{}, &plugin.Error{Path: path, Kind: plugin.Damaged, Err: errors.New("it ends early")}
}

func TestAPhotoThatWasReplacedIsNotJudged(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	a, other := b.photo("a.jpg", 20, 10, 1), []byte("another")
	s := swap{new(int), other}
	b.specs = append(b.specs, ops.Spec{Name: "swap", Summary: "for tests", Version: 1, Sequential: true, Config: func() ops.Config { return &s }})
	b.config = strings.Replace(b.config, "      - resize", "      - swap: {}\n      - resize", 1)
	b.reopen()
	j := b.job(a)
	j.Quarantine = filepath.Join(b.folder, "held")
	for range plugin.MaxStrikes {
		if b.strike(j) {
			t.Error("in quarantine")
		}
	}
	if data, _ := os.ReadFile(a); !bytes.Equal(data, other) {
		t.Errorf("the new photo was moved; %v", b.files("held"))
	}
}

// An upload that stalls goes on writing to the file that it has open.
func TestWhatWasWrittenJustNowStaysOnItsFileSystem(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	elsewhere, err := os.MkdirTemp("/dev/shm", "burnish-test-")
	if err != nil {
		t.Skip(err)
	}
	defer os.RemoveAll(elsewhere)
	bad := b.write("in/bad.jpg", []byte(cut))
	if err := os.Link(bad, filepath.Join(elsewhere, "link")); err == nil {
		t.Skip("/dev/shm is no other file system")
	}
	j := b.job(bad)
	j.Quarantine = elsewhere
	for range plugin.MaxStrikes {
		b.strike(j)
	}
	if _, err := os.Stat(bad); err != nil {
		t.Fatal(err)
	}
	if f := b.failures(); len(f) != 1 || !f[0].Quarantined || f[0].MovedTo != "" {
		t.Errorf("%+v", f)
	}
	j.Quarantine = filepath.Join(b.folder, "held") // where it can go at once
	b.run(j)
	if got := b.files("held"); len(got) != 1 {
		t.Errorf("moved late: %v", got)
	}
}

func TestARetryThatWasInterrupted(t *testing.T) {
	b := newFixture(t, small, plugin.WithLedger())
	bad := b.write("in/bad.jpg", []byte(cut))
	j := b.job(bad)
	j.Quarantine = filepath.Join(b.folder, "held")
	for range plugin.MaxStrikes {
		b.strike(j)
	}
	if err := os.Rename(b.path("held/bad.jpg"), bad); err != nil { // so far it came
		t.Fatal(err)
	}
	if f := b.failures(); len(f) != 1 {
		t.Errorf("forgotten: %+v", f)
	}
	if photos, err := b.engine.Records().Retry(b.Context(), []string{bad}); err != nil || len(photos) != 1 {
		t.Errorf("%v, %v", photos, err)
	}
	if b.strike(j) {
		t.Error("its strikes were not forgiven")
	}
}

// What never fits is not tried for ever, and is told as the machine's lack.
func TestAPhotoThatNeverFitsEndsInQuarantine(t *testing.T) {
	if k := plugin.Starved; k.Permanent() || !k.Transient() || k.Shared() {
		t.Error("a lack of memory is the photo's fault, or holds the others")
	}
	b := newFixture(t, small, plugin.WithLedger())
	photo := b.write("in/large.jpg", []byte(cut))
	die := func(alone bool) *plugin.Error {
		j := b.job(photo)
		j.Exclusive = alone
		return b.engine.Strike(b.Context(), j, plugin.Starved, errors.New("memory ran out"), admission.ThisHost.Remedy())
	}
	for range 2 * plugin.MaxStarved { // with others beside it, it may be their doing
		if f := die(false); f.Quarantined {
			t.Fatalf("in quarantine though others were under way: %v", f)
		}
	}
	for n := 1; n <= plugin.MaxStarved; n++ {
		if f := die(true); f.Quarantined != (n == plugin.MaxStarved) {
			t.Fatalf("try %d alone: in quarantine: %t", n, f.Quarantined)
		}
		b.reopen() // the count is in the ledger
	}
	if f := b.failures(); len(f) != 1 || f[0].Kind != plugin.Starved || f[0].Strikes != 0 || !f[0].Quarantined || !strings.Contains(f[0].Reason, "memory") {
		t.Errorf("failures: %+v", f)
	}
	b.skipped(photo, "in quarantine after 5 tries alone (no-memory)")
	if _, err := b.engine.Records().Retry(b.Context(), []string{photo}); err != nil {
		t.Fatal(err)
	}
	if f := die(true); f.Quarantined {
		t.Errorf("burnish retry forgives nothing: %v", f)
	}
}
