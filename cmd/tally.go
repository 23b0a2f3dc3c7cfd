package cmd

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/burnish-photo/burnish/plugin"
)

// tally is what a daemon counts since its start. Its loop's goroutine alone
// touches it.
type tally struct {
	done    int
	skipped map[string]int // photos passed over, by the reason in short
	ends    []span         // of the latest photos that were worked on
	last    *mishap
}

// span is when a photo was worked on.
type span struct{ from, to time.Time }

// mishap is the latest failure.
type mishap struct {
	Photo  string    `json:"photo"`
	Reason string    `json:"reason"`
	Hint   string    `json:"hint,omitempty"`
	Time   time.Time `json:"time"`
}

const (
	rateOver   = 15 * time.Minute // photos that ended before say nothing of the rate now
	rateAmong  = 50               // photos that the rate is taken of
	namesShown = 5                // photos in work, and waiting, that are told by name
)

// end counts a photo that was done.
func (t *tally) end(took time.Duration, now time.Time) {
	t.done++
	t.ends = append(t.ends, span{now.Add(-took), now})
	if len(t.ends) > rateAmong {
		t.ends = slices.Delete(t.ends, 0, len(t.ends)-rateAmong)
	}
	t.ends = slices.DeleteFunc(t.ends, func(s span) bool { return now.Sub(s.to) > rateOver })
}

// pass counts a photo that nothing was to be done for.
func (t *tally) pass(reason string) {
	if t.skipped == nil {
		t.skipped = map[string]int{}
	}
	kind := "passed over"
	switch {
	case strings.HasPrefix(reason, "already done"):
		kind = "already done"
	case strings.HasPrefix(reason, "made by Burnish"):
		kind = "made by Burnish"
	case strings.HasPrefix(reason, "in quarantine"):
		kind = "in quarantine"
	case reason == plugin.NotAPhoto:
		kind = "other files"
	}
	t.skipped[kind]++
}

// rate is how many photos a minute were done of late, as of the last one; 0
// where none was.
func (t *tally) rate() float64 {
	if len(t.ends) == 0 {
		return 0
	}
	from := slices.MinFunc(t.ends, func(a, b span) int { return a.from.Compare(b.from) }).from
	took := t.ends[len(t.ends)-1].to.Sub(from)
	return float64(len(t.ends)) / max(took.Minutes(), 1e-6)
}

// passed is what was passed over, in words; "" where nothing was.
func (t *tally) passed() string {
	var parts []string
	for _, kind := range slices.SortedFunc(maps.Keys(t.skipped), func(a, b string) int { return cmp.Or(t.skipped[b]-t.skipped[a], strings.Compare(a, b)) }) {
		parts = append(parts, counted(t.skipped[kind], kind))
	}
	return strings.Join(parts, ", ")
}

// String is what was done and passed over.
func (t *tally) String() string {
	done, passed := counted(t.done, "photos")+" done", t.passed()
	switch {
	case t.done == 0 && passed == "":
		return "nothing to do: there are no photos"
	case t.done == 0:
		return "nothing to do: " + passed
	case passed == "":
		return done
	}
	return done + ", " + passed
}

// counted is a number of things, "1 photo" or "2 photos"; things is their plural.
func counted(n int, things string) string { return fmt.Sprintf("%d %s", n, numbered(n, things)) }

// numbered is the plural of things as n has it.
func numbered(n int, things string) string {
	if n == 1 && strings.HasSuffix(things, "s") {
		return strings.TrimSuffix(things, "s")
	}
	return things
}
