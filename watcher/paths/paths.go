// Package paths says where paths lie, by their names and with symbolic links
// followed. What it says may be out of date at once: it is for configuration and
// advice, not for opening files.
package paths

import (
	"path/filepath"
	"strings"
)

// Within reports whether path is folder or lies below it, by their names alone.
// Both are absolute.
func Within(path, folder string) bool {
	rest, ok := strings.CutPrefix(filepath.Clean(path), strings.TrimSuffix(filepath.Clean(folder), "/"))
	return ok && (rest == "" || rest[0] == '/')
}

// ResolvedWithin is [Within] with symbolic links followed as far as the paths
// exist.
func ResolvedWithin(path, folder string) bool { return Within(Resolve(path), Resolve(folder)) }

// Resolve follows the links in as much of an absolute path as exists.
func Resolve(path string) string {
	for rest := ""; ; {
		if resolved, err := filepath.EvalSymlinks(path); err == nil {
			return filepath.Join(resolved, rest)
		}
		if path == filepath.Dir(path) {
			return filepath.Join(path, rest)
		}
		path, rest = filepath.Dir(path), filepath.Join(filepath.Base(path), rest)
	}
}
