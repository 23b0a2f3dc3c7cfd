package watcher

import (
	"fmt"
	"testing"
	"time"
)

// A settler is driven by hand: each step moves the clock and says what is seen.
func TestSettler(t *testing.T) {
	const quiet, timeout = 10 * time.Second, 25 * time.Second
	one := stamp{identity: identity{1, 1}, size: 5, sec: 100}
	grown := stamp{identity: identity{1, 1}, size: 9, sec: 100}
	rewritten := stamp{identity: identity{1, 1}, size: 5, sec: 101}
	replaced := stamp{identity: identity{1, 2}, size: 5, sec: 100}
	readable := stamp{identity: identity{1, 1}, size: 5, sec: 100, mode: 0o644}
	type step struct {
		at      int // seconds from the start
		do      string
		as      stamp
		settled bool
	}
	for name, steps := range map[string][]step{
		"quiet":                  {{0, "see", one, false}, {9, "judge", one, false}, {10, "judge", one, true}},
		"seen again unchanged":   {{0, "see", one, false}, {9, "see", one, false}, {10, "judge", one, true}},
		"grows":                  {{0, "see", one, false}, {9, "see", grown, false}, {10, "judge", grown, false}, {19, "judge", grown, true}},
		"grows unseen":           {{0, "see", one, false}, {10, "judge", grown, false}, {19, "judge", grown, false}, {20, "judge", grown, true}},
		"same size, new time":    {{0, "see", one, false}, {10, "judge", rewritten, false}, {20, "judge", rewritten, true}},
		"replaced":               {{0, "see", one, false}, {10, "judge", replaced, false}, {20, "judge", replaced, true}},
		"rights changed":         {{0, "see", one, false}, {10, "judge", readable, false}, {20, "judge", readable, true}},
		"written to, time stays": {{0, "see", one, false}, {9, "touch", one, false}, {18, "judge", one, false}, {19, "judge", one, true}},
		"becomes complete":       {{0, "see", one, false}, {10, "judge part", one, false}, {20, "judge", one, true}},
		"stays incomplete":       {{0, "see", one, false}, {10, "judge part", one, false}, {20, "judge part", one, false}, {25, "judge part", one, true}},
		"goes on after a stall":  {{0, "see", one, false}, {20, "judge part", one, false}, {21, "see", grown, false}, {30, "judge part", grown, false}, {31, "judge", grown, true}},
	} {
		t.Run(name, func(t *testing.T) {
			var s settler
			e := &entry{root: &root{Config: Config{Settle: quiet}}}
			began := time.Now()
			for _, st := range steps {
				now := began.Add(time.Duration(st.at) * time.Second)
				settled := false
				switch st.do {
				case "see":
					s.observe(e, now, st.as)
				case "touch":
					s.touch(e, now)
				default:
					settled = s.checkSettled(e, now, st.as, func() bool { return st.do == "judge" }, timeout)
				}
				if settled != st.settled {
					t.Fatalf("%ds: %s: settled = %v", st.at, st.do, settled)
				}
				if due, waits := s.next(); waits == settled || waits && !due.After(now) {
					t.Fatalf("%ds: waits = %v, due %v from now", st.at, waits, due.Sub(now))
				}
			}
		})
	}
}

func TestSettlerOrder(t *testing.T) {
	var s settler
	quick, slow := &root{Config: Config{Settle: time.Second}}, &root{Config: Config{Settle: time.Minute}}
	now := time.Now()
	a, b, c := &entry{name: "a", root: slow}, &entry{name: "b", root: quick}, &entry{name: "c", root: quick}
	for i, e := range []*entry{a, b, c} {
		s.observe(e, now.Add(time.Duration(i)*time.Millisecond), stamp{size: 1})
	}
	s.touch(b, now.Add(time.Millisecond*500))
	s.leave(c, forgotten)
	s.leave(c, forgotten)
	for _, tt := range []struct {
		after time.Duration
		want  *entry
	}{{0, nil}, {1400 * time.Millisecond, nil}, {1500 * time.Millisecond, b}, {59 * time.Second, b}} {
		if got := s.due(now.Add(tt.after)); got != tt.want {
			t.Errorf("due after %s is %+v, want %+v", tt.after, got, tt.want)
		}
	}
	s.leave(b, sent)
	if got := s.due(now.Add(time.Hour)); got != a {
		t.Errorf("due last is %+v", got)
	}
	s.leave(a, sent)
	if _, ok := s.next(); ok {
		t.Error("something waits still")
	}
	if s.observe(a, now, stamp{size: 1}) || !s.observe(a, now, stamp{size: 2}) {
		t.Error("a sent file must be looked at again when it changes, and only then")
	}
}

// Files that settle together come in the order they were found in, which in a
// folder is that of their names.
func TestFilesThatSettleTogetherKeepTheirOrder(t *testing.T) {
	var s settler
	r := &root{Config: Config{Settle: time.Second}}
	now := time.Now()
	var want []*entry
	for i := range 100 {
		e := &entry{name: fmt.Sprintf("%03d.jpg", i), root: r}
		s.observe(e, now, stamp{size: 1})
		want = append(want, e)
	}
	now = now.Add(time.Second)
	for _, e := range want {
		got := s.due(now)
		if got != e {
			t.Fatalf("%s comes where %s should", got.name, e.name)
		}
		s.leave(got, sent)
	}
}
