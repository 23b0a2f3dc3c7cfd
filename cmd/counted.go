package cmd

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// counted is a number of things, "1 photo" or "2 photos"; things is their plural.
func counted(n int, things string) string { return fmt.Sprintf("%d %s", n, numbered(n, things)) }

// numbered is the plural of things as n has it.
func numbered(n int, things string) string {
	if n == 1 && strings.HasSuffix(things, "s") {
		return strings.TrimSuffix(things, "s")
	}
	return things
}

// countedEach lists numbers of things, the largest first; "" where there are none.
func countedEach(things map[string]int) string {
	var parts []string
	for _, kind := range slices.SortedFunc(maps.Keys(things), func(a, b string) int { return cmp.Or(things[b]-things[a], strings.Compare(a, b)) }) {
		parts = append(parts, counted(things[kind], kind))
	}
	return strings.Join(parts, ", ")
}
