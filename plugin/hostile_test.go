package plugin_test

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/burnish-photo/burnish/ops/vips"
	"github.com/burnish-photo/burnish/plugin"
)

// Malformed files of every kind: each ends in outputs, or is refused with a
// reason, soon, and is left as it was. HOSTILE_ROUNDS repeats it in random
// order; make hostile does so under the race detector.
func TestHostile(t *testing.T) {
	const stuck = 30 * time.Second
	files, _ := filepath.Glob("../../shared/data/hostile/*")
	if dir := os.Getenv("HOSTILE_DATA"); dir != "" {
		files, _ = filepath.Glob(filepath.Join(dir, "*"))
	}
	files = slices.DeleteFunc(files, func(f string) bool { return filepath.Ext(f) == ".tsv" })
	if len(files) == 0 {
		t.Skip("no hostile files in ../shared/data/hostile")
	}
	rounds, _ := strconv.Atoi(os.Getenv("HOSTILE_ROUNDS"))
	for round := range max(1, rounds) {
		b := newFixture(t, small)
		seed := rand.Uint64()
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
		ended := map[string]int{}
		var slowest time.Duration
		var mu sync.Mutex
		var workers sync.WaitGroup
		queue := make(chan string)
		for range 4 {
			workers.Go(func() {
				for file := range queue {
					state, took := hostile(t, b, file, round%2 == 1, stuck)
					mu.Lock()
					ended[state]++
					slowest = max(slowest, took)
					mu.Unlock()
				}
			})
		}
		for i, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			// Outputs of two files must not have one name.
			queue <- b.write(filepath.Join("in", strconv.Itoa(i), filepath.Base(file)), data)
		}
		close(queue)
		workers.Wait()
		var how []any
		for _, state := range slices.Sorted(maps.Keys(ended)) {
			how = append(how, state, ended[state])
		}
		t.Log(append([]any{"round", round + 1, "seed", seed, "files", len(files), "slowest", slowest.Round(time.Millisecond)}, how...)...)
		if err := b.engine.Close(); err != nil {
			t.Error(err)
		}
		b.engine = nil
	}
}

// hostile processes one file and returns how it ended.
func hostile(t *testing.T, b *fixture, file string, untrusted bool, stuck time.Duration) (string, time.Duration) {
	before, err := os.Stat(file)
	if err != nil {
		t.Error(err)
		return "unread", 0
	}
	ctx, cancel := context.WithTimeout(t.Context(), stuck)
	defer cancel()
	job := b.job(file)
	if untrusted {
		job.Allow = []string{"jxl"}
	}
	began := time.Now()
	result, err := b.engine.Process(ctx, job)
	took := time.Since(began)
	name := filepath.Base(file)
	if took >= stuck {
		t.Errorf("%s: no end after %s", name, took)
	}
	if after, err := os.Stat(file); err != nil || after.Size() != before.Size() || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("%s was changed: %v", name, err)
	}
	var failure *plugin.Error
	switch {
	case err != nil && (!errors.As(err, &failure) || failure.Kind == "" || failure.Err == nil || len(result.Outputs) > 0):
		t.Errorf("%s: a failure without a reason: %+v, %v", name, result, err)
	case err != nil:
		return string(failure.Kind), took
	case result.State == plugin.Skipped && (result.Reason == "" || len(result.Outputs) > 0):
		t.Errorf("%s: passed over without a reason: %+v", name, result)
	case result.State == plugin.Done:
		if format, err := vips.Sniff(file); format == "" || err != nil {
			t.Errorf("%s: outputs of what is no photo: %q, %v", name, format, err)
		}
		for _, o := range result.Outputs {
			if h, err := vips.ReadHeader(o.Path); err != nil || h.Width > 64 || h.Height > 64 {
				t.Errorf("%s: output %+v, %v", name, h, err)
			}
		}
	}
	return string(result.State), took
}
