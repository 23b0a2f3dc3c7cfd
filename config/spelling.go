package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/text/unicode/norm"
)

// asSpelled is an absolute path with the names that do not exist replaced by
// those that do and differ in Unicode's form alone: a folder that came from a Mac
// may be named in the decomposed form (NFD), which no keyboard types. Where
// several differ so, or none, the name stays as it is.
func asSpelled(path string) string {
	if path == "" || isASCII(path) {
		return path
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return path
	}
	parent := asSpelled(filepath.Dir(path))
	name := filepath.Base(path)
	entries, err := os.ReadDir(parent)
	if err != nil {
		return filepath.Join(parent, name)
	}
	var same []string
	for _, e := range entries {
		if norm.NFC.String(e.Name()) == norm.NFC.String(name) {
			same = append(same, e.Name())
		}
	}
	if len(same) == 1 {
		name = same[0]
	}
	return filepath.Join(parent, name)
}

// Spelled are the configuration's paths whose names may be spelled in several
// ways, by how the file spells them.
func (c *Config) Spelled() map[string]string { return c.spelled }

func (c *Config) spell(path string) string {
	if isASCII(path) {
		return path
	}
	if _, known := c.spelled[path]; !known {
		if c.spelled == nil {
			c.spelled = map[string]string{}
		}
		c.spelled[path] = asSpelled(path)
	}
	return c.spelled[path]
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= 0x80 {
			return false
		}
	}
	return true
}
