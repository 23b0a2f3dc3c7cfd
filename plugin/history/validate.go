package history

import (
	"fmt"
	"slices"
	"strings"
)

// Validate is what a [Store] refuses to put.
func (r Record) Validate() error {
	switch r.State {
	case Done, Failed, Quarantined, Skipped, Requeued, Waiting, Rejected:
	default:
		return fmt.Errorf("record of %q: unknown state %q", r.Path, r.State)
	}
	switch {
	case r.Path == "", r.Task == "":
		return fmt.Errorf("a record must have a path and a task's fingerprint, got %q and %q", r.Path, r.Task)
	case r.State == Done && r.Content == "":
		return fmt.Errorf("record of %q: must have a content hash, being done", r.Path)
	case r.State == Waiting && (r.Content == "" || r.Review == nil):
		return fmt.Errorf("record of %q: must have a content hash and a review, waiting for one", r.Path)
	case r.Review != nil && !r.Review.valid():
		return fmt.Errorf("record of %q: the names of its results must be without folders and zero bytes", r.Path)
	case strings.Contains(r.Path+r.Task+r.Content, "\x00"):
		return fmt.Errorf("record of %q: path, task and content must not hold a zero byte", r.Path)
	case slices.ContainsFunc(r.Outputs, func(o Output) bool { return o.Path == "" }):
		return fmt.Errorf("record of %q: every output must have a path", r.Path)
	}
	return nil
}
