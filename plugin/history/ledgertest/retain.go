package ledgertest

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
)

const year = 365 * 24 * time.Hour

// retained runs Retain on a day after shot, where what the words name is gone.
func retained(t *testing.T, s history.Store, day int, gone ...string) (dropped []string) {
	t.Helper()
	n, err := s.Retain(shot.AddDate(0, 0, day), history.Rule{
		Keep: year,
		Gone: func(r history.Record) bool {
			return slices.ContainsFunc(gone, func(word string) bool {
				return strings.Contains(r.Path, word) || r.Path == "" && strings.Contains(r.Outputs[0].Path, word)
			})
		},
		Dropped: func(r history.Record) { dropped = append(dropped, r.Path) },
	})
	if err != nil || n != len(dropped) {
		t.Fatalf("%d dropped, told of %v, %v", n, dropped, err)
	}
	return dropped
}

func whatIsGoneIsDropped(t *testing.T, s history.Store) {
	const n = 100
	for i := range n {
		put(t, s, done(fmt.Sprintf("old-%d.jpg", i), "w", fmt.Sprint("c", i), fmt.Sprintf("/out/old-%d.jpg", i)))
	}
	failed := done("old-failed.jpg", "w", "c")
	failed.State = history.Quarantined
	put(t, s, done("kept.jpg", "w", "k", "/out/kept.jpg"), failed)
	for _, day := range []int{0, 100, 200, 300, 364, 365} {
		switch dropped := retained(t, s, day, "old"); {
		case len(dropped) != 0 && day < 365:
			t.Fatalf("on day %d: %d dropped", day, len(dropped))
		case len(dropped) != n+1 && day == 365:
			t.Errorf("%d dropped", len(dropped))
		}
	}
	for i := range n {
		output := fmt.Sprintf("/out/old-%d.jpg", i)
		if by := maker(t, s, output); by != "" || isOutput(t, s, hashOf(output, fmt.Sprint("c", i))) {
			t.Fatalf("%s is still known, as made by %q", output, by)
		}
	}
	if left, err := history.Failures(s); err != nil || len(left) > 0 {
		t.Errorf("failures are left: %v, %v", paths(left), err)
	}
	if ours, err := history.Wrote(s, "/out/kept.jpg", hashOf("/out/kept.jpg", "k")); !ours || err != nil {
		t.Errorf("what is kept is not known: %v", err)
	}
}

// Whatever comes back, or is put again, is as new; and a clock that was wrong
// drops nothing that was not gone for long.
func whatComesBackStays(t *testing.T, s history.Store) {
	for _, name := range []string{"back", "again", "ahead"} {
		put(t, s, done(name+".jpg", "w", name, "/out/"+name+".jpg"))
	}
	retained(t, s, 0, "back", "again")
	retained(t, s, 100, "again")
	put(t, s, done("again.jpg", "w", "again", "/out/again.jpg"))
	retained(t, s, 5000, "ahead") // the clock is ahead
	for _, day := range []int{300, 400, 500} {
		if dropped := retained(t, s, day, "back", "again", "ahead"); len(dropped) > 0 {
			t.Errorf("on day %d: %v", day, dropped)
		}
	}
	if dropped := retained(t, s, 665, "back", "again", "ahead"); len(dropped) != 3 {
		t.Errorf("after a year: %v", dropped)
	}
}

func retainedOnceADay(t *testing.T, s history.Store) {
	asked := 0
	put(t, s, done("a.jpg", "w", "c"))
	for hour := range 72 {
		rule := history.Rule{Keep: year, Gone: func(history.Record) bool { asked++; return false }}
		if _, err := s.Retain(shot.Add(time.Duration(hour)*time.Hour), rule); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 3 {
		t.Errorf("asked %d times in 3 days", asked)
	}
}

// What no record names any more is known for as long.
func formerOutputsAreForgotten(t *testing.T, s history.Store) {
	r := done("a.jpg", "w", "c", "/out/a.jpg")
	r.Outputs[0].Hash = "former"
	put(t, s, r, done("a.jpg", "w", "c", "/out/a.jpg"), done("b.jpg", "w", "c2", "/out/b.jpg"))
	if err := s.Delete("b.jpg", "w"); err != nil {
		t.Fatal(err)
	}
	state := func() string {
		return fmt.Sprintf("%t %t %t %s", isOutput(t, s, "former"), isOutput(t, s, hashOf("/out/a.jpg", "c")), isOutput(t, s, hashOf("/out/b.jpg", "c2")), maker(t, s, "/out/b.jpg"))
	}
	retained(t, s, 0, "b.jpg")
	retained(t, s, 364, "b.jpg")
	if got := state(); got != "true true true b.jpg" {
		t.Errorf("before: %s", got)
	}
	retained(t, s, 366, "b.jpg")
	if got := state(); got != "false true false " {
		t.Errorf("after: %s", got)
	}
}
