package vips

import "fmt"

// didYouMean is a clause to end an error with: the nearest of names, or "" when
// none is near.
func didYouMean(name string, names []string) string {
	best, distance := "", 1+len(name)/3
	for _, candidate := range names {
		if d := edits(name, candidate); d <= distance && (best == "" || d < distance) {
			best, distance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// edits is the Levenshtein distance of a and b in bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
