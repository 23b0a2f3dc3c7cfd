package watcher

import (
	"fmt"
	"path"
	"path/filepath"
	"strings"
)

// Filter tells by name what a Watcher of a folder takes in, for hosts that look
// through it by themselves.
type Filter struct {
	names filter
	depth int
}

// NewFilter is the filter of a folder whose Config is valid; that of the zero
// Config passes over what the built-in rules say.
func NewFilter(c Config) Filter { return Filter{newFilter(c), c.Depth} }

// Why is the reason for which a file or folder is passed over, "" where it is
// taken in. rel is its path below the folder; the folders above it count.
func (f Filter) Why(rel string, dir bool) string {
	elements := strings.Split(filepath.ToSlash(rel), "/")
	above := ""
	for i, name := range elements {
		inner := i < len(elements)-1
		if rule, yes := ignored(name, f.names.back); yes {
			return fmt.Sprintf("%q is ignored by the rule %s", name, rule)
		}
		if !f.names.takes(above, name, dir || inner) {
			return "the configuration's include and exclude pass it over"
		}
		above = path.Join(above, name)
	}
	if level := len(elements); f.depth > 0 && (level > f.depth || dir && level == f.depth) {
		return fmt.Sprintf("it lies deeper than the configuration's depth of %d", f.depth)
	}
	return ""
}
