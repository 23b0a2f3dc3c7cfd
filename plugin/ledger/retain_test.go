package ledger

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const year = 365 * 24 * time.Hour

// retained runs Retain on a day after shot, where what the words name is gone.
func retained(t *testing.T, l *Ledger, day int, gone ...string) (dropped []string) {
	t.Helper()
	n, err := l.Retain(shot.AddDate(0, 0, day), Rule{
		Keep: year,
		Gone: func(e Entry) bool {
			return slices.ContainsFunc(gone, func(word string) bool {
				return strings.Contains(e.Path, word) || e.Path == "" && strings.Contains(e.Outputs[0].Path, word)
			})
		},
		Dropped: func(e Entry) { dropped = append(dropped, e.Path) },
	})
	if err != nil || n != len(dropped) {
		t.Fatalf("%d dropped, told of %v, %v", n, dropped, err)
	}
	return dropped
}

func rows(t *testing.T, l *Ledger) (counts map[string]int) {
	t.Helper()
	counts = map[string]int{}
	err := l.view(func(t tables) error {
		counts["entries"], counts["contents"], counts["failed"] = t.entries.Stats().KeyN, t.contents.Stats().KeyN, t.failed.Stats().KeyN
		counts["outputs"], counts["hashes"], counts["gone"] = t.outputs.Stats().KeyN, t.hashes.Stats().KeyN, t.gone.Stats().KeyN
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

func TestWhatIsGoneIsDropped(t *testing.T) {
	l := openTest(t)
	const n = 2*pageLength + 3
	fill(t, l, n, func(i int) Entry {
		return done(fmt.Sprintf("old-%d.jpg", i), "w", fmt.Sprint("c", i), fmt.Sprintf("/out/old-%d.jpg", i))
	})
	failed := done("old-failed.jpg", "w", "c")
	failed.State = Quarantined
	put(t, l, done("kept.jpg", "w", "k", "/out/kept.jpg"), failed)
	for day := range 366 {
		if day%100 != 0 && day < 364 { // looks may be far apart
			continue
		}
		if dropped := retained(t, l, day, "old"); len(dropped) != 0 && day < 365 {
			t.Fatalf("on day %d: %d dropped", day, len(dropped))
		} else if day == 365 && len(dropped) != n+1 {
			t.Errorf("%d dropped", len(dropped))
		}
	}
	for table, count := range rows(t, l) {
		want := map[string]int{"entries": 1, "contents": 1, "outputs": 1, "hashes": 1}[table]
		if count != want {
			t.Errorf("%d %s are left, not %d", count, table, want)
		}
	}
	if ours, err := l.Wrote("/out/kept.jpg", "hash of /out/kept.jpg from k"); !ours || err != nil {
		t.Errorf("what is kept is not known: %v", err)
	}
}

// Whatever comes back, or is put again, is as new; and a clock that was wrong
// drops nothing that was not gone for long.
func TestWhatComesBackStays(t *testing.T) {
	l := openTest(t)
	for _, name := range []string{"back", "again", "ahead"} {
		put(t, l, done(name+".jpg", "w", name, "/out/"+name+".jpg"))
	}
	retained(t, l, 0, "back", "again")
	retained(t, l, 100, "again")
	put(t, l, done("again.jpg", "w", "again", "/out/again.jpg"))
	retained(t, l, 5000, "ahead") // the clock is ahead
	for _, day := range []int{300, 400, 500} {
		if dropped := retained(t, l, day, "back", "again", "ahead"); len(dropped) > 0 {
			t.Errorf("on day %d: %v", day, dropped)
		}
	}
	if dropped := retained(t, l, 665, "back", "again", "ahead"); len(dropped) != 3 {
		t.Errorf("after a year: %v", dropped)
	}
}

// It looks once a day.
func TestRetainedOnceADay(t *testing.T) {
	l := openTest(t)
	asked := 0
	put(t, l, done("a.jpg", "w", "c"))
	for hour := range 72 {
		rule := Rule{Keep: year, Gone: func(Entry) bool { asked++; return false }}
		if _, err := l.Retain(shot.Add(time.Duration(hour)*time.Hour), rule); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 3 {
		t.Errorf("asked %d times in 3 days", asked)
	}
}

// What no record names any more is known for as long.
func TestFormerOutputsAreForgottenInTheEnd(t *testing.T) {
	l := openTest(t)
	e := done("a.jpg", "w", "c", "/out/a.jpg")
	e.Outputs[0].Hash = "former"
	put(t, l, e, done("a.jpg", "w", "c", "/out/a.jpg"), done("b.jpg", "w", "c2", "/out/b.jpg"))
	if err := l.Forget("b.jpg", "w"); err != nil {
		t.Fatal(err)
	}
	state := func() (is string) {
		for _, hash := range []string{"former", "hash of /out/a.jpg from c", "hash of /out/b.jpg from c2"} {
			ours, err := l.IsOutput(hash)
			if err != nil {
				t.Fatal(err)
			}
			is += fmt.Sprintf("%t ", ours)
		}
		owner, _, err := l.Owner("/out/b.jpg")
		if err != nil {
			t.Fatal(err)
		}
		return is + owner
	}
	retained(t, l, 0, "b.jpg")
	retained(t, l, 364, "b.jpg")
	if got := state(); got != "true true true b.jpg" {
		t.Errorf("before: %s", got)
	}
	retained(t, l, 366, "b.jpg")
	if got := state(); got != "false true false " {
		t.Errorf("after: %s", got)
	}
}
