package bulk

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Order says which photos come first.
type Order string

// The orders.
const (
	ByPath Order = "path"   // by name, folder by folder; also the meaning of ""
	Newest Order = "newest" // the one first that was changed last
	Oldest Order = "oldest"
)

// Sort sorts what lies under a path and was changed at a time. Equal times are
// ordered by path, so the order is always the same.
func Sort[T any](all []T, order Order, path func(*T) string, modTime func(*T) time.Time) {
	slices.SortStableFunc(all, func(a, b T) int {
		at := 0
		switch order {
		case Newest:
			at = modTime(&b).Compare(modTime(&a))
		case Oldest:
			at = modTime(&a).Compare(modTime(&b))
		}
		return cmp.Or(at, strings.Compare(path(&a), path(&b)))
	})
}
