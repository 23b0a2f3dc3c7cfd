package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

var (
	tableRule = regexp.MustCompile(`^\|[-:| ]+\|$`)
	cellBreak = regexp.MustCompile(`[^\\]\|`)
)

// listTables turns the tables of Markdown into lists of definitions, which fit
// a terminal of any width. Lines of code are left alone.
func listTables(text string) string {
	lines := strings.Split(text, "\n")
	var out []string
	code := false
	for i := 0; i < len(lines); i++ {
		if strings.HasPrefix(lines[i], "```") {
			code = !code
		}
		if code || !strings.HasPrefix(lines[i], "|") || i+1 == len(lines) || !tableRule.MatchString(lines[i+1]) {
			out = append(out, lines[i])
			continue
		}
		header := cells(lines[i])
		for i += 2; i < len(lines) && strings.HasPrefix(lines[i], "|"); i++ {
			out = append(out, definition(header, cells(lines[i]))...)
		}
		i--
	}
	return strings.Join(out, "\n")
}

// cells are those of a row, without the escapes that a table needs.
func cells(row string) []string {
	row = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(row), "|"), "|")
	var all []string
	for {
		at := cellBreak.FindStringIndex(row)
		if at == nil {
			break
		}
		all = append(all, row[:at[1]-1])
		row = row[at[1]:]
	}
	all = append(all, row)
	for i, cell := range all {
		all[i] = strings.ReplaceAll(strings.TrimSpace(cell), `\|`, "|")
	}
	return all
}

// definition is a row as a term, the first cell, and what defines it: the
// meaning, then the other cells by the names of their columns.
func definition(header, row []string) []string {
	meaning := slices.Index(header, "meaning")
	if len(header) == 2 {
		meaning = 1
	}
	var parts []string
	if meaning > 0 && meaning < len(row) && row[meaning] != "" {
		parts = append(parts, strings.TrimSuffix(row[meaning], "."))
	}
	for i := 1; i < min(len(row), len(header)); i++ {
		if i != meaning && header[i] != "" && row[i] != "" && row[i] != "–" {
			parts = append(parts, fmt.Sprintf("%s: %s", strings.ToUpper(header[i][:1])+header[i][1:], row[i]))
		}
	}
	return []string{row[0], ": " + strings.Join(parts, ". ") + ".", ""}
}
