package watcher

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// become changes the options of a running watcher and returns the folders that
// begin anew, by their last names.
func (r *running) become(o Options, anew ...string) (begun []string) {
	r.t.Helper()
	for i := range o.Folders {
		if o.Folders[i].Settle == 0 {
			o.Folders[i].Settle = settle
		}
	}
	o.Before = r.Folders()
	next, err := New(o)
	if err != nil {
		r.t.Fatal(err)
	}
	all, err := r.Become(r.t.Context(), next, anew)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, folder := range all {
		begun = append(begun, filepath.Base(folder))
	}
	return begun
}

func wantBegun(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%v begin anew, want %v", got, want)
	}
}

func TestFoldersThatStayAreNotLookedThroughAgain(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	stays, goes, comes := mkdir(t, top, "stays"), mkdir(t, top, "goes"), mkdir(t, top, "comes")
	write(t, stays, "a.jpg")
	write(t, goes, "b.jpg")
	write(t, comes, "c.jpg")
	r := start(t, Options{Folders: []Config{{Folder: stays}, {Folder: goes}}})
	r.expect("a.jpg", "b.jpg")
	wantBegun(t, r.become(Options{Folders: []Config{{Folder: comes}, {Folder: stays}}}), "comes")
	r.expect("c.jpg")
	write(t, goes, "d.jpg")
	write(t, stays, "e.jpg")
	r.expect("e.jpg")
	r.quiet()
	states := r.Folders()
	if len(states) != 2 || states[0].Folder != comes || states[1].Folder != stays || states[1].Files != 2 {
		t.Errorf("states: %+v", states)
	}

	// The same again changes nothing; what is named begins anew.
	wantBegun(t, r.become(Options{Folders: []Config{{Folder: comes}, {Folder: stays}}}))
	r.quiet()
	wantBegun(t, r.become(Options{Folders: []Config{{Folder: comes}, {Folder: stays}}}, stays), "stays")
	r.expect("a.jpg", "e.jpg")
	wantBegun(t, r.become(Options{Folders: []Config{{Folder: comes, Exclude: []string{"*.png"}}, {Folder: stays}}}), "comes")
	r.expect("c.jpg")
	write(t, stays, "f.jpg")
	write(t, comes, "g.jpg")
	write(t, comes, "g.png")
	r.expect("f.jpg", "g.jpg")
	r.quiet()
}

func TestAFolderThatHoldsAnotherOneBeginsAnew(t *testing.T) {
	t.Parallel()
	top, inner := t.TempDir(), ""
	inner = mkdir(t, top, "inner")
	write(t, top, "a.jpg")
	write(t, inner, "b.jpg")
	r := start(t, Options{Folders: []Config{{Folder: top}}})
	r.expect("a.jpg", "inner/b.jpg")
	wantBegun(t, r.become(Options{Folders: []Config{{Folder: top}, {Folder: inner}}}), filepath.Base(top), "inner")
	r.expect("a.jpg", "b.jpg")
	wantBegun(t, r.become(Options{Folders: []Config{{Folder: top}}}), filepath.Base(top))
	r.expect("a.jpg", "inner/b.jpg")
	wantBegun(t, r.become(Options{Folders: []Config{{Folder: top}}, Exclude: []string{inner}}), filepath.Base(top))
	r.expect("a.jpg")
	write(t, inner, "c.jpg")
	r.quiet()
}

// What arrives, and what waits to be sent, stays with its folder.
func TestAChangeLosesNoFile(t *testing.T) {
	t.Parallel()
	stays, other := t.TempDir(), t.TempDir()
	r := start(t, Options{Folders: []Config{{Folder: stays, Settle: time.Second}}})
	r.mode(Watching)
	var want []string
	for _, name := range []string{"a.jpg", "b.jpg", "c.jpg", "d.jpg"} {
		write(t, stays, name)
		want = append(want, name)
		r.become(Options{Folders: []Config{{Folder: stays, Settle: time.Second}, {Folder: other}}})
		r.become(Options{Folders: []Config{{Folder: stays, Settle: time.Second}}})
	}
	r.expect(want...)
	r.quiet()
}

func TestAChangeOfAWatcherThatDoesNotRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w, err := New(Options{Folders: []Config{{Folder: t.TempDir()}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := w.Become(ctx, w, nil); err == nil {
		t.Error("it became another")
	}
}
