package schedule

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// fixture is a queue with a clock that only the test moves.
type fixture struct {
	*testing.T
	*Queue
	now time.Time
}

func newFixture(t *testing.T, o Options) *fixture {
	o.Backoff.Random = func() float64 { return 0.5 } // no jitter
	return &fixture{t, New(o), start}
}

func (b *fixture) add(folder string, paths ...string) {
	for _, p := range paths {
		b.Add(p, folder, b.now)
	}
}

// next wants the path, or "" for none.
func (b *fixture) next(want string) Task {
	b.Helper()
	got, ok := b.Next(b.now)
	if got.Path != want || ok != (want != "") {
		b.Fatalf("next is %q, want %q", got.Path, want)
	}
	return got
}

func (b *fixture) finish(path string, o Outcome) { b.Finish(path, o, b.now) }

var (
	ok    = Outcome{}
	full  = Outcome{Class: "unwritable", Shared: true, Retry: true}
	bad   = Outcome{Class: "damaged", Retry: true}
	final = Outcome{Class: "damaged"}
)

func TestFirstComeFirstServed(t *testing.T) {
	b := newFixture(t, Options{})
	b.add("l", "a", "b", "a")
	b.next("a")
	b.next("b")
	b.next("")
	b.finish("a", ok)
	b.finish("b", ok)
	b.next("")
	if b.Len() != 0 || b.Underway() != 0 {
		t.Errorf("%d wait, %d are under way", b.Len(), b.Underway())
	}
}

func TestAFailureWaitsLongerEachTime(t *testing.T) {
	b := newFixture(t, Options{})
	b.add("l", "a")
	for n, wait := range []time.Duration{2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600} {
		if got := b.next("a"); got.Failures != n {
			t.Errorf("%d failures, want %d", got.Failures, n)
		}
		b.finish("a", bad)
		at, _ := b.Wake()
		if got := at.Sub(b.now); got != wait*time.Second {
			t.Errorf("failure %d: %s, want %ds", n+1, got, wait)
		}
		b.now = at.Add(-1)
		b.next("")
		b.now = at
	}
	b.next("a")
	b.finish("a", final)
	if _, ok := b.Wake(); ok || b.Len() != 0 {
		t.Error("something is left")
	}
}

func TestJitterSpreads(t *testing.T) {
	seen := map[time.Duration]bool{}
	o := Backoff{}.withDefaults()
	for range 50 {
		d := o.after(3)
		if d < 6*time.Second || d > 10*time.Second {
			t.Fatalf("%s is not 8s give or take a quarter", d)
		}
		seen[d] = true
	}
	if len(seen) < 10 {
		t.Errorf("only %d different waits", len(seen))
	}
}

func TestWhatComesAgainWhileUnderWayIsDoneAgain(t *testing.T) {
	b := newFixture(t, Options{})
	b.add("l", "a")
	b.next("a")
	b.add("l", "a")
	b.next("")
	b.finish("a", ok)
	b.next("a")
	b.finish("a", ok)
	b.next("")
}

func TestAChangeEndsTheBackoff(t *testing.T) {
	b := newFixture(t, Options{})
	b.add("l", "a")
	b.next("a")
	b.finish("a", bad)
	b.next("")
	b.add("l", "a")
	if got := b.next("a"); got.Failures != 0 {
		t.Errorf("%d failures of a file that has changed", got.Failures)
	}
}

func TestPriorityAndAgeing(t *testing.T) {
	b := newFixture(t, Options{Priorities: map[string]int{"vip": 5}, Ageing: time.Minute})
	b.add("slow", "old")
	b.now = start.Add(4 * time.Minute)
	b.add("vip", "v1")
	b.next("v1") // 5 against 4
	b.now = start.Add(6 * time.Minute)
	b.add("vip", "v2")
	b.next("old") // 6 against 5: it is not starved
	b.next("v2")
}

func TestFailuresOpenTheBreakerAndAProbeClosesIt(t *testing.T) {
	b := newFixture(t, Options{Threshold: 3})
	b.add("l", "a", "b", "c", "d", "e")
	b.add("other", "x")
	for _, p := range []string{"a", "b", "c"} {
		b.next(p)
		b.finish(p, full)
	}
	b.next("x") // the other folder goes on
	b.finish("x", ok)
	b.next("")
	paused := b.Paused()
	if len(paused) != 1 || paused[0].Folder != "l" || paused[0].Reason != "unwritable" || paused[0].Waiting != 2 {
		t.Fatalf("paused: %+v", paused)
	}
	for n := range 3 { // a probe at a time, each later than the one before
		if at, ok := b.Wake(); !ok || at.After(paused[0].Until) {
			t.Fatalf("probe %d: wakes at %s, paused until %s", n, at, paused[0].Until)
		}
		b.now = paused[0].Until
		probe, ok := b.Next(b.now)
		if !ok || !probe.Probe {
			t.Fatalf("no probe: %+v", probe)
		}
		b.next("")
		b.finish(probe.Path, full)
		wait := paused[0].Until.Sub(b.now)
		paused = b.Paused()
		if longer := paused[0].Until.Sub(b.now); longer <= wait {
			t.Errorf("the next probe waits %s", longer)
		}
	}
	b.now = paused[0].Until
	probe, _ := b.Next(b.now)
	b.finish(probe.Path, ok)
	var rest []string
	for {
		task, more := b.Next(b.now)
		if !more {
			break
		}
		if task.Probe {
			t.Error("a probe though the breaker is closed")
		}
		rest = append(rest, task.Path)
		b.finish(task.Path, ok)
	}
	if len(rest) != 4 {
		t.Errorf("after the probe came %v, want the four others at once", rest)
	}
}

func TestAChangeBringsTheProbeForward(t *testing.T) {
	b := newFixture(t, Options{Threshold: 2})
	b.add("l", "a", "b", "c")
	for _, p := range []string{"a", "b"} {
		b.next(p)
		b.finish(p, full)
	}
	b.add("l", "d")
	b.next("")
	b.add("l", "a") // its rights have changed, say
	probe := b.next("c")
	b.next("")
	if b.finish("c", ok); !probe.Probe || len(b.Paused()) > 0 {
		t.Errorf("%+v, paused: %+v", probe, b.Paused())
	}
}

// Reports: syncthing#1786, syncthing#2393.
func TestDamagedPhotosDoNotOpenTheBreaker(t *testing.T) {
	b := newFixture(t, Options{Threshold: 3})
	for i := range 20 {
		b.add("l", fmt.Sprint(i))
		b.next(fmt.Sprint(i))
		b.finish(fmt.Sprint(i), bad)
	}
	if len(b.Paused()) != 0 {
		t.Errorf("paused: %+v", b.Paused())
	}
}

func TestASuspectRunsExclusively(t *testing.T) {
	b := newFixture(t, Options{})
	b.add("l", "a", "b", "c")
	b.next("a")
	b.next("b")
	crash := Outcome{Class: "crashed", NotCounted: true, Exclusive: true}
	b.finish("a", crash)
	b.next("") // b still runs
	b.finish("b", crash)
	b.next("a")
	b.next("")
	b.finish("a", Outcome{Class: "crashed", Retry: true, Exclusive: true}) // its own death
	b.next("b")
	b.next("")
	b.finish("b", ok)
	b.next("c") // a waits for its back-off; the others go on
	b.now = b.now.Add(3 * time.Second)
	b.next("") // c ends first
	b.finish("c", ok)
	if got := b.next("a"); got.Failures != 1 || !got.Exclusive {
		t.Errorf("%+v", got)
	}
}

// A probe that is not counted, as when another photo crashes the worker, does not
// keep the breaker from being probed again.
func TestAProbeThatIsNotCounted(t *testing.T) {
	b := newFixture(t, Options{Threshold: 2})
	b.add("l", "a", "b", "c", "d")
	for _, p := range []string{"a", "b"} {
		b.next(p)
		b.finish(p, full)
	}
	b.now = b.Paused()[0].Until
	b.next("c")
	b.finish("c", Outcome{Class: "crashed", NotCounted: true, Exclusive: true})
	b.next("c")
	b.finish("c", final)
	if probe := b.next("d"); !probe.Probe {
		t.Errorf("%+v", probe)
	}
	if b.finish("d", ok); len(b.Paused()) > 0 {
		t.Errorf("paused: %+v", b.Paused())
	}
}

func TestAPausedFolder(t *testing.T) {
	b := newFixture(t, Options{})
	b.add("l", "a")
	b.add("m", "b")
	b.Pause("l", "no space")
	b.next("b")
	b.next("")
	if paused := b.Paused(); len(paused) != 1 || paused[0].Reason != "no space" || paused[0].Waiting != 1 {
		t.Errorf("paused: %+v", paused)
	}
	b.Pause("l", "")
	b.next("a")
}

func TestAFolderIsFullForItself(t *testing.T) {
	b := newFixture(t, Options{Capacity: 2, Priorities: map[string]int{"vip": 5}})
	want := func(folder string, full bool) {
		t.Helper()
		if b.Full(folder) != full {
			t.Errorf("%s is full: %t", folder, !full)
		}
	}
	b.add("l", "a")
	want("l", false)
	b.add("l", "b", "b")
	want("l", true)
	want("vip", false)
	b.add("vip", "v")
	b.next("v")
	b.finish("v", ok)
	b.next("a")
	want("l", false)
	b.finish("a", bad) // waits for its back-off
	want("l", true)
	b.next("b")
	b.finish("b", Outcome{Class: "crashed", NotCounted: true, Exclusive: true})
	want("l", true)
	b.next("b")
	b.finish("b", ok)
	b.now = b.now.Add(time.Hour)
	b.next("a")
	want("l", false)
	b.add("l", "a") // while it is under way
	b.finish("a", ok)
	b.next("a")
	b.finish("a", ok)
	if f := b.folder("l"); f.waiting != 0 || b.Len() != 0 {
		t.Errorf("%d and %d wait, none does", f.waiting, b.Len())
	}
}

func TestALongFolderKeepsItsOrder(t *testing.T) {
	b := newFixture(t, Options{Capacity: 1e6})
	var want, got []string
	for i := range 5000 {
		p := fmt.Sprint(i)
		want = append(want, p)
		b.add("l", p)
		if i%3 == 0 {
			task, _ := b.Next(b.now)
			got = append(got, task.Path)
		}
	}
	for {
		task, more := b.Next(b.now)
		if !more {
			break
		}
		got = append(got, task.Path)
	}
	if !slices.Equal(got, want) {
		t.Error("the order is another")
	}
	if b.peak > 0 || cap(b.folder("l").ready) > keptCapacity {
		t.Error("the memory of what waited is kept")
	}
}

// syncthing#1786: a probe that takes a photo known to fail tells nothing.
func TestAProbeTakesAnUntriedTaskFirst(t *testing.T) {
	b := newFixture(t, Options{Threshold: 2})
	b.add("l", "bad1", "bad2")
	for _, p := range []string{"bad1", "bad2"} {
		b.next(p)
		b.finish(p, full)
	}
	b.now = b.now.Add(time.Hour) // both are due once more
	b.folder("l").breaker.open("unwritable", b.now, b.options.Backoff)
	b.next("")
	b.add("l", "good1", "good2")
	b.now = b.now.Add(time.Hour)
	if got := b.next("good1"); !got.Probe {
		t.Error("it is no probe")
	}
	b.finish("good1", ok) // the first success closes the breaker
	for _, p := range []string{"bad1", "bad2", "good2"} {
		if got := b.next(p); got.Probe {
			t.Errorf("%s probes a folder whose breaker is closed", p)
		}
	}
}
