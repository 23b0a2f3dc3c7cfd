package diag

import (
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// respell is a fault for each key that is not valid. One that is near a valid
// key which is not there is taken for it from here on, in node as well, so that
// what is wrong below it is found at the same time.
func respell(pairs []Pair, valid []string) (faults Diagnostics) {
	set := map[string]bool{}
	for _, p := range pairs {
		set[p.Key.Value] = true
	}
	for _, p := range pairs {
		if slices.Contains(valid, p.Key.Value) {
			continue
		}
		faults = append(faults, unknown(p.Key, valid))
		if near := Nearest(p.Key.Value, valid); near != "" && !set[near] {
			p.Key.Value, set[near] = near, true
		}
	}
	return faults
}

func unknown(key *yaml.Node, valid []string) Diagnostic {
	return At(key, "unknown key %q%s", key.Value, Suggest(key.Value, valid))
}

// Suggest completes a message about an unknown name: the nearest valid one, or
// all of them where none is near and the list is short.
func Suggest(name string, valid []string) string {
	if near := Nearest(name, valid); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	if len(valid) > 0 && len(valid) <= 16 {
		return "; valid: " + strings.Join(valid, ", ")
	}
	return ""
}

// Nearest returns the valid name that is the fewest edits away from name, or
// "" where none is within a third of its length.
func Nearest(name string, valid []string) string {
	best, least := "", max(1, len(name)/3)+1
	for _, v := range valid {
		if d := distance(strings.ToLower(name), strings.ToLower(v)); d < least {
			best, least = v, d
		}
	}
	return best
}

// distance is the number of insertions, deletions, substitutions and swaps of
// neighbours that turn a into b (optimal string alignment).
func distance(a, b string) int {
	rows := [3][]int{make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(a); i++ {
		before, above, row := rows[0], rows[1], rows[2]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			row[j] = min(above[j]+1, row[j-1]+1, above[j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		rows[0], rows[1], rows[2] = above, row, before
	}
	return rows[1][len(b)]
}
