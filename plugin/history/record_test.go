package history

import (
	"testing"
	"time"
)

func TestStatsOfOneState(t *testing.T) {
	shot := time.Date(2024, 5, 17, 12, 30, 0, 123456789, time.FixedZone("", 7200))
	was := Stat{1000, shot, 7, shot}
	for _, tt := range []struct {
		name string
		now  Stat
		want bool
	}{
		{"same", Stat{1000, shot.UTC(), 7, shot}, true},
		{"size", Stat{1001, shot, 7, shot}, false},
		{"time", Stat{1000, shot.Add(1), 7, shot}, false},
		{"change of content with the date kept", Stat{1000, shot, 7, shot.Add(1)}, false}, // navidrome#3817
		{"a file system without times of change", Stat{1000, shot, 7, time.Time{}}, true},
		{"inode", Stat{1000, shot, 8, shot}, false},
	} {
		if got := was.Same(tt.now); got != tt.want || tt.now.Same(was) != got {
			t.Errorf("%s: %t", tt.name, got)
		}
	}
}
