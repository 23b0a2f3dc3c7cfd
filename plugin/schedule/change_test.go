package schedule

import (
	"testing"
	"time"
)

func TestAChangeKeepsWhatWaitsOfFoldersThatStay(t *testing.T) {
	b := newFixture(t, Options{Threshold: 1})
	b.add("stays", "late", "a", "b")
	b.next("late")
	b.finish("late", Outcome{Class: "damaged", Retry: true})
	b.add("goes", "c", "d", "e")
	b.next("a") // of the folder that has waited as long
	b.finish("a", ok)
	for _, p := range []string{"b", "c"} {
		b.next(p)
	}
	b.finish("b", ok)
	b.finish("c", Outcome{Class: "unwritable", Shared: true, Retry: true, Exclusive: true})
	b.Change(1, map[string]int{"stays": 3}, nil, []string{"goes"})
	if b.Len() != 1 || len(b.Paused()) != 0 || !b.Full("stays") {
		t.Errorf("%d wait, paused: %v, full: %v", b.Len(), b.Paused(), b.Full("stays"))
	}
	b.next("")
	b.add("goes", "c")
	b.next("c")
	b.finish("c", ok)
	if at, ok := b.Wake(); !ok || at.Sub(b.now) != 2*time.Second {
		t.Errorf("wakes %v %v", at.Sub(b.now), ok)
	}
	b.now = b.now.Add(time.Minute)
	b.add("goes", "d")
	if got := b.next("late"); got.Failures != 1 {
		t.Errorf("%+v", got)
	}
	b.finish("late", ok)
	b.next("d")
}
