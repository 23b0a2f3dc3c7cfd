package watcher

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/burnish-photo/burnish/ops/diag"
	"golang.org/x/text/unicode/norm"
)

// ignoredSuffixes end the names of files that are still being written, and of
// backups that editors leave beside the file that they changed.
var ignoredSuffixes = []string{
	"~", ".part", ".partial", ".filepart", ".crdownload", ".download", ".opdownload",
	".tmp", ".temp", ".swp", ".aria2", ".!ut", ".!qb", "_exiftool_tmp",
	".bak", ".orig", ".old", "@synoresource", "@synoeastream",
}

// ignoredNames are what operating systems and storage appliances leave about.
var ignoredNames = map[string]bool{
	"@eadir":                    true, // Synology
	"@tmp":                      true,
	"#recycle":                  true,
	"#snapshot":                 true,
	"@recycle":                  true, // QNAP
	"$recycle.bin":              true, // Windows
	"system volume information": true,
	"thumbs.db":                 true,
	"ehthumbs.db":               true,
	"desktop.ini":               true,
	"lost+found":                true, // ext4
	"__macosx":                  true, // zip files made by macOS
}

// Rules of names of a certain form.
const (
	hidden   = ".*" // ._*, .stfolder, .DS_Store, .Trash-*, rsync's .name.XXXXXX
	owner    = "~$*"
	original = "*.*_original" // exiftool's backups, NAME.jpg_original
)

// ignored reports whether a file or folder of this name (its last element
// alone) is passed over, and by which rule. back are the rules that the folder
// takes back.
func ignored(name string, back map[string]bool) (rule string, yes bool) {
	if strings.HasPrefix(name, ".") && !back[hidden] {
		return hidden, true
	}
	if strings.HasPrefix(name, "~$") && !back[owner] {
		return owner, true
	}
	lower := folded(name)
	if strings.HasSuffix(lower, "_original") && strings.LastIndexByte(lower, '.') > 0 && !back[original] {
		return original, true
	}
	if ignoredNames[lower] && !back[lower] {
		return lower, true
	}
	for _, suffix := range ignoredSuffixes {
		if strings.HasSuffix(lower, suffix) && !back["*"+suffix] {
			return "*" + suffix, true
		}
	}
	return "", false
}

// folded is what names and patterns are compared by: in lower case, and in
// Unicode's composed form (NFC), since a Mac may write é as two characters where
// others write one.
func folded(text string) string { return norm.NFC.String(strings.ToLower(text)) }

// rules lists what is ignored without a word in the configuration.
func rules() []string {
	all := append(slices.Sorted(maps.Keys(ignoredNames)), hidden, owner, original)
	for _, suffix := range ignoredSuffixes {
		all = append(all, "*"+suffix)
	}
	return all
}

// filter is one folder's choice of names.
type filter struct {
	include, exclude []string // folded, for doublestar
	back             map[string]bool
}

// newFilter reads the patterns of a Config, which are sound.
func newFilter(c Config) filter {
	f := filter{back: map[string]bool{}}
	for _, p := range c.Include {
		f.include = append(f.include, alternatives(pattern(p))...)
	}
	for _, p := range c.Exclude {
		if rule, back := strings.CutPrefix(p, "!"); back {
			f.back[folded(rule)] = true
		} else {
			f.exclude = append(f.exclude, alternatives(pattern(p))...)
		}
	}
	return f
}

// pattern makes a pattern without a slash match at any depth.
func pattern(p string) string {
	p = strings.TrimSuffix(folded(p), "/")
	if !strings.Contains(p, "/") {
		return "**/" + p
	}
	return strings.TrimPrefix(p, "/")
}

// maxAlternatives bounds the patterns that the braces of one stand for.
const maxAlternatives = 256

// alternatives are the patterns that a sound one with braces stands for; nil
// where they are too many. Matched one by one, none takes longer than the
// product of its length and the name's, however they are nested.
func alternatives(p string) (all []string) {
	open, commas, end := braces(p)
	if end < 0 {
		return []string{p}
	}
	from := open + 1
	for _, to := range append(commas, end) {
		rest := alternatives(p[:open] + p[from:to] + p[end+1:])
		if all = append(all, rest...); rest == nil || len(all) > maxAlternatives {
			return nil
		}
		from = to + 1
	}
	return all
}

// braces finds the first pair of braces and the commas that are its own; end is
// -1 where there is none.
func braces(p string) (open int, commas []int, end int) {
	depth := 0
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\':
			i++
		case c == '[':
			i += class(p[i:])
		case c == '{':
			if depth++; depth == 1 {
				open = i
			}
		case c == ',' && depth == 1:
			commas = append(commas, i)
		case c == '}' && depth > 0:
			if depth--; depth == 0 {
				return open, commas, i
			}
		}
	}
	return 0, nil, -1
}

// class is how far the end of a class of characters lies from its beginning.
func class(p string) int {
	for i := 1; i < len(p); i++ {
		switch {
		case p[i] == '\\':
			i++
		case p[i] == ']' && i > 1:
			return i
		}
	}
	return len(p)
}

// takes reports whether what stands under a name in a folder is taken in; rel
// is the folder's path below the watched one.
func (f filter) takes(rel, name string, dir bool) bool {
	if isCanary(name) {
		return false
	}
	if _, yes := ignored(name, f.back); yes {
		return false
	}
	if len(f.exclude) == 0 && (dir || len(f.include) == 0) {
		return true
	}
	at := folded(path.Join(filepath.ToSlash(rel), name))
	matches := func(p string) bool { return doublestar.MatchUnvalidated(p, at) }
	if slices.ContainsFunc(f.exclude, matches) {
		return false
	}
	return dir || len(f.include) == 0 || slices.ContainsFunc(f.include, matches)
}

// checkPatterns reports every pattern that is none.
func (c Config) checkPatterns() error {
	var faults []error
	for _, key := range []struct {
		name     string
		patterns []string
	}{{"include", c.Include}, {"exclude", c.Exclude}} {
		for i, p := range key.patterns {
			rule, back := strings.CutPrefix(p, "!")
			at := fmt.Sprintf("%s.%d", key.name, i)
			switch {
			case back && key.name == "include":
				faults = append(faults, diag.Invalid(at, "%q excludes files: put it under exclude", p))
			case back && !slices.Contains(rules(), folded(rule)):
				faults = append(faults, diag.Invalid(at, "%q takes back none of the built-in rules: %s", p, strings.Join(rules(), "  ")))
			case strings.Trim(p, "/") == "" || !doublestar.ValidatePattern(p):
				faults = append(faults, diag.Invalid(at, "must be a pattern such as %q, got %q", "2024/**/*.jpg", p))
			case alternatives(p) == nil:
				faults = append(faults, diag.Invalid(at, "the braces of %q stand for more than %d patterns: list fewer, or several patterns", p, maxAlternatives))
			}
		}
	}
	return errors.Join(faults...)
}
