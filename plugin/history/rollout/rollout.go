// Package rollout says on which photos a changed pipeline is tried before it may
// have the others: a sample that follows from their contents alone, so that it is
// the same whenever, and wherever, it is asked for.
package rollout

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"
)

// Verdict is what was decided on a trial.
type Verdict string

// The verdicts.
const (
	Open Verdict = ""     // not decided yet
	Go   Verdict = "go"   // the other photos follow
	Back Verdict = "back" // the sample has its former outputs again, and the others keep theirs
)

// Trial is one pipeline as it is configured, tried on the photos of one folder.
type Trial struct {
	Folder    string    `json:"folder"`          // watched; absolute
	Build     string    `json:"build,omitempty"` // fingerprint of models and operator versions
	Share     float64   `json:"share"`           // of the photos that are tried, as a part of 1
	Concerned int       `json:"concerned"`       // photos that the change concerns
	Chosen    int       `json:"chosen"`          // of these
	Bound     uint64    `json:"bound"`           // the last rank that is chosen
	Since     time.Time `json:"since"`
	Verdict   Verdict   `json:"verdict,omitempty"`
	Decided   time.Time `json:"decided,omitzero"`
}

// fewest is how many photos are tried at least, where there are as many.
const fewest = 3

// Choose sets the bound so that the share of the photos with these contents is
// tried.
func (t *Trial) Choose(settings string, contents []string) {
	ranks := make([]uint64, len(contents))
	for i, content := range contents {
		ranks[i] = t.rank(settings, content)
	}
	slices.Sort(ranks)
	n := min(len(ranks), max(fewest, int(math.Ceil(t.Share*float64(len(ranks))))))
	t.Concerned, t.Chosen, t.Bound = len(ranks), 0, 0
	if n == 0 {
		return
	}
	t.Bound = ranks[n-1]
	for _, rank := range ranks { // equal photos are tried together
		if rank <= t.Bound {
			t.Chosen++
		}
	}
}

// Includes reports whether the photo of that content is tried.
func (t Trial) Includes(settings, content string) bool {
	return t.Chosen > 0 && t.rank(settings, content) <= t.Bound
}

// rank orders contents in a way that a pipeline's settings and build decide, so that
// each change is tried on others.
func (t Trial) rank(settings, content string) uint64 {
	digest := sha256.Sum256(fmt.Appendf(nil, "%s %s %s", settings, t.Build, content))
	return binary.BigEndian.Uint64(digest[:])
}
