package ledger

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/plugin/history"
)

func rows(t *testing.T, l *Ledger) (counts map[string]int) {
	t.Helper()
	counts = map[string]int{}
	err := l.view(func(t tables) error {
		counts["records"], counts["contents"], counts["failed"] = t.records.Stats().KeyN, t.contents.Stats().KeyN, t.failed.Stats().KeyN
		counts["outputs"], counts["hashes"], counts["gone"] = t.outputs.Stats().KeyN, t.hashes.Stats().KeyN, t.gone.Stats().KeyN
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return counts
}

// What is dropped leaves no row in any index, however many pages it fills.
func TestDroppedRecordsLeaveNoRows(t *testing.T) {
	l := openTest(t)
	const n = 2*pageLength + 3
	fill(t, l, n, func(i int) history.Record {
		return done(fmt.Sprintf("old-%d.jpg", i), "w", fmt.Sprint("c", i), fmt.Sprintf("/out/old-%d.jpg", i))
	})
	failed := done("old-failed.jpg", "w", "c")
	failed.State = history.Quarantined
	put(t, l, done("kept.jpg", "w", "k", "/out/kept.jpg"), failed)
	rule := history.Rule{Keep: 48 * time.Hour, Gone: func(r history.Record) bool {
		return strings.Contains(r.Path, "old") || r.Path == "" && strings.Contains(r.Outputs[0].Path, "old")
	}}
	for day, want := range []int{0, 0, n + 1} {
		if dropped, err := l.Retain(shot.AddDate(0, 0, day), rule); dropped != want || err != nil {
			t.Fatalf("on day %d: %d dropped, not %d, %v", day, dropped, want, err)
		}
	}
	for table, count := range rows(t, l) {
		want := map[string]int{"records": 1, "contents": 1, "outputs": 1, "hashes": 1}[table]
		if count != want {
			t.Errorf("%d %s are left, not %d", count, table, want)
		}
	}
}
