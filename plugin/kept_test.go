package plugin_test

import (
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops"
	"github.com/burnish-photo/burnish/ops/builtin"
	"github.com/burnish-photo/burnish/plugin"
)

// An output that is new may not take the file of one that stays as it is, though
// both are the photo's.
func TestANewOutputSparesWhatIsKept(t *testing.T) {
	const more = "    outputs:\n      - path: \"a-copy.jpg\"\n        from: source\n        jpeg: {quality: 50}\n"
	for name, test := range map[string]struct{ more, want, fails string }{
		"error":     {more, "", "two outputs have the same path"},
		"overwrite": {more + "        collision: overwrite\n", "", "two outputs have the same path"},
		"number":    {more + "        collision: number\n", "a-copy-1.jpg", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := severalFixture(t)
			a := b.photo("a.jpg", 200, 100, 1)
			b.done(a)
			before := b.outputs()
			b.change("    outputs:\n", test.more)
			if _, err := b.process(a); (err == nil) != (test.fails == "") || err != nil && !strings.Contains(err.Error(), test.fails) {
				t.Errorf("%v, want %q", err, test.fails)
			}
			if made := strings.Join(b.made(before), " "); made != test.want {
				t.Errorf("made anew: %q, want %q; there are %q", made, test.want, b.files("out"))
			}
		})
	}
}

// An undo waits for a photo that is under way by a pipeline that was changed since:
// what that keeps, the undo would take away.
func TestUndoWaitsForAnotherTaskOfThePhoto(t *testing.T) {
	began, let := make(chan struct{}), make(chan struct{})
	b := &fixture{T: t, folder: t.TempDir(), options: []plugin.Option{plugin.WithLedger()}}
	b.config = strings.Replace(several, "  small:\n    steps:\n", "  small:\n    steps:\n      - rewriting: {}\n        id: gate\n        from: source\n", 1)
	b.config = strings.NewReplacer("counting: {by: 3}", "resize: {width: 90, height: 90}").Replace(b.config)
	wait := func() {}
	b.specs = append(builtin.Specs(), ops.Spec{Name: "rewriting", Version: 1, Config: func() ops.Config { return &rewriting{func() { wait() }} }})
	b.open()
	a := b.photo("a.jpg", 200, 100, 1)
	b.done(a)
	wait = func() { began <- struct{}{}; <-let }
	b.change("width: 64", "width: 32")
	processed, undone := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := b.process(a)
		processed <- err
	}()
	<-began
	go func() {
		_, err := plugin.Undo(b.Context(), b.engine.Records(), plugin.UndoRequest{})
		undone <- err
	}()
	select {
	case err := <-undone:
		t.Errorf("it did not wait: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	close(let)
	if err := <-processed; err != nil {
		t.Fatal(err)
	}
	if err := <-undone; err != nil {
		t.Fatal(err)
	}
	if _, err := plugin.Undo(b.Context(), b.engine.Records(), plugin.UndoRequest{}); err != nil { // of what was made meanwhile
		t.Fatal(err)
	}
	if left := b.files("out"); len(left) > 0 {
		t.Errorf("after the undo there are %q", left)
	}
	b.skipped(a, "undone")
}
