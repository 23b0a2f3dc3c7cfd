package rollout_test

import (
	"fmt"
	"testing"

	"github.com/burnish-photo/burnish/plugin/history/rollout"
)

func contents(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("%064x", i))
	}
	return all
}

// chosen are those of the contents that the trial includes.
func chosen(t rollout.Trial, settings string, of []string) (all []string) {
	for _, content := range of {
		if t.Includes(settings, content) {
			all = append(all, content)
		}
	}
	return all
}

func TestTheSampleHasItsShare(t *testing.T) {
	for _, test := range []struct {
		photos int
		share  float64
		want   int
	}{{0, 0.02, 0}, {1, 0.02, 1}, {2, 0.02, 2}, {50, 0.02, 3}, {1000, 0.02, 20}, {1000, 0.0251, 26}, {10, 1, 10}} {
		trial := rollout.Trial{Share: test.share}
		of := contents(test.photos)
		trial.Choose("s", of)
		if got := len(chosen(trial, "s", of)); got != test.want || trial.Chosen != got || trial.Concerned != test.photos {
			t.Errorf("%g of %d are %d, %+v", test.share, test.photos, got, trial)
		}
	}
}

// The order of photos, and photos that come later, change nothing; another pipeline is
// tried on others.
func TestTheSampleFollowsFromContents(t *testing.T) {
	of := contents(500)
	a, b := rollout.Trial{Share: 0.1}, rollout.Trial{Share: 0.1}
	a.Choose("s", of)
	back := contents(500)
	for i := range back[:250] {
		back[i], back[499-i] = back[499-i], back[i]
	}
	b.Choose("s", back)
	if a.Bound != b.Bound {
		t.Error("the order decides")
	}
	b.Choose("other", of)
	same := 0
	for _, content := range chosen(a, "s", of) {
		if b.Includes("other", content) {
			same++
		}
	}
	if same > 25 {
		t.Errorf("%d of 50 are tried again", same)
	}
}

// Equal photos are tried together, or not at all.
func TestEqualPhotos(t *testing.T) {
	of := append(contents(100), contents(100)...)
	trial := rollout.Trial{Share: 0.05}
	trial.Choose("s", of)
	if got := len(chosen(trial, "s", of)); got != trial.Chosen || got < 10 || got%2 != 0 {
		t.Errorf("%d, %+v", got, trial)
	}
}
