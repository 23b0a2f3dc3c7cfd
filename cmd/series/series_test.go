package series

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// one is a photo of a megapixel that took a second to encode.
var one = Sample{Photos: 1, Pixels: 1e6, Damage: 0.5, Judged: 1, Stages: map[string]Spent{"encode": {time.Second, 1}}}

func empty(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.TempDir(), noon)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEachRangeHasItsStepAndItsReach(t *testing.T) {
	s := empty(t)
	for m := range 32 * 24 * 60 { // a photo a minute
		s.Add(noon.Add(time.Duration(m)*time.Minute), one)
	}
	now := noon.Add((32*24*60 - 1) * time.Minute)
	all := s.Series(now)
	for _, r := range Ranges {
		got := all[r.Name]
		if len(got) != r.Keep {
			t.Fatalf("%s has %d samples, want %d", r.Name, len(got), r.Keep)
		}
		want := int64(r.Step / time.Minute)
		for i, sample := range got[:len(got)-1] {
			if sample.Photos != want || sample.Stages["encode"] != (Spent{time.Duration(want) * time.Second, want}) || i > 0 && sample.From.Sub(got[i-1].From) != r.Step {
				t.Fatalf("%s, sample %d: %+v", r.Name, i, sample)
			}
		}
	}
	if later := s.Series(now.Add(45 * time.Minute)); len(later["hour"]) != 15 {
		t.Errorf("45 minutes later there are %d samples of the hour, want 15", len(later["hour"]))
	}
}

func TestTheSeriesOutlivesTheDaemon(t *testing.T) {
	dir, now := t.TempDir(), time.Now()
	for range 3 {
		s, err := Open(dir, now)
		if err != nil {
			t.Fatal(err)
		}
		s.Add(now, one)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s.Keep(ctx, func(err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
	s, err := Open(dir, now)
	if err != nil {
		t.Fatal(err)
	}
	for name, samples := range s.Series(now) {
		if len(samples) != 1 || samples[0].Photos != 3 || samples[0].Damage != 1.5 {
			t.Errorf("%s: %+v", name, samples)
		}
	}
}

func TestADamagedFileIsSetAside(t *testing.T) {
	for name, data := range map[string]string{
		"empty":        "",
		"torn":         `{"layout":1,"series":{"hour":[{"from":"2026-03-0`,
		"other layout": `{"layout":7}`,
		"out of place": `{"layout":1,"series":{"hour":[{"from":"2026-03-01T11:00:01Z"}]}}`,
		"disordered":   `{"layout":1,"series":{"hour":[{"from":"2026-03-01T11:01:00Z"},{"from":"2026-03-01T11:00:00Z"}]}}`,
		"negative":     `{"layout":1,"series":{"hour":[{"from":"2026-03-01T11:00:00Z","photos":-1}]}}`,
		"too long":     `{"layout":1,"series":{"hour":[` + strings.Repeat(`{"from":"2026-03-01T11:00:00Z"},`, 60) + `{"from":"2026-03-01T11:00:00Z"}]}}`,
	} {
		dir := t.TempDir()
		path := filepath.Join(dir, file)
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		s, damaged := Open(dir, noon)
		if damaged == nil || !strings.Contains(damaged.Error(), path) {
			t.Errorf("%s: %v", name, damaged)
		}
		if kept, err := os.ReadFile(path + ".damaged"); err != nil || string(kept) != data {
			t.Errorf("%s: not kept: %q, %v", name, kept, err)
		}
		s.Add(noon, one)
		if err := s.write(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAClockThatIsTurnedBackLosesWhatWasToCome(t *testing.T) {
	s := empty(t)
	s.Add(noon.Add(time.Hour), one)
	s.Add(noon, one)
	if got := s.Series(noon)["hour"]; len(got) != 1 || !got[0].From.Equal(noon) {
		t.Errorf("%+v", got)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, file), []byte(`{"layout":1,"series":{"day":[{"from":"2026-03-01T11:00:00Z"},{"from":"2027-03-01T11:00:00Z"}]}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := Open(dir, noon)
	if err != nil || len(again.Series(noon)["day"]) != 1 {
		t.Errorf("%+v, %v", again.Series(noon), err)
	}
}

func TestStagesAreBounded(t *testing.T) {
	s := empty(t)
	for i := range 100 {
		s.Add(noon, Sample{Stages: map[string]Spent{fmt.Sprint(i): {1, 1}}})
	}
	if n := len(s.Series(noon)["day"][0].Stages); n != maxStages {
		t.Errorf("%d stages, want %d", n, maxStages)
	}
}

func TestWhatIsNotWrittenIsTriedAgain(t *testing.T) {
	dir := t.TempDir()
	s, _ := Open(dir, noon)
	s.Add(time.Now(), one)
	if err := os.Mkdir(filepath.Join(dir, file+".tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := s.write(); err == nil {
		t.Fatal("it was written")
	}
	if err := os.Remove(filepath.Join(dir, file+".tmp")); err != nil {
		t.Fatal(err)
	}
	if err := s.write(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, file)); err != nil {
		t.Error(err)
	}
}
